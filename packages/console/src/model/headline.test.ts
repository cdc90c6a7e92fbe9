import { expect, it } from 'vitest';
import { numericField } from './connection.fixture.ts';
import { fieldKey } from './field-key.ts';
import { headlineOf } from './headline.ts';

it('shows alarms, then what is measured, in the order of the Thing', () => {
  const status = { types: ['status'] } as const;
  const fields = [
    numericField('Serial', '1', '', { types: ['identity'] }),
    numericField('Pump on', '', '', { ...status, value: { type: 'boolean', value: true } }),
    numericField('Level', '1', '%'),
    numericField('Flow', '1', 'm³/h'),
    numericField('Low level alarm', '', '', { ...status, value: { type: 'boolean', value: true } }),
    numericField('High level alarm', '', '', { ...status, value: { type: 'boolean', value: false } }),
  ];
  const readings = fields.map((field) => ({ key: fieldKey(field), field, isCurrent: true }));
  expect(headlineOf(readings, 4).map(({ field }) => field.name)).toEqual([
    'Low level alarm',
    'Level',
    'Flow',
    'Pump on',
  ]);
});
