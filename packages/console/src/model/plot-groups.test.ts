import type { Field } from '@thingward/things';
import { expect, it } from 'vitest';
import { numericField } from './connection.fixture.ts';
import { fieldKey } from './field-key.ts';
import { groupForPlots, MAX_LINES } from './plot-groups.ts';

const readings = (...fields: Field[]) => fields.map((field) => ({ key: fieldKey(field), field, isCurrent: true }));
const names = (fields: readonly Field[]) =>
  groupForPlots(readings(...fields)).map((group) => group.fields.map(({ name }) => name));

it('puts fields of one unit into one plot, in their order', () => {
  expect(
    names([
      numericField('Level', '1', '%'),
      numericField('Inflow', '1', 'm³/h'),
      numericField('Valve', '1', '%'),
      numericField('Outflow', '1', 'm³/h'),
    ]),
  ).toEqual([
    ['Level', 'Valve'],
    ['Inflow', 'Outflow'],
  ]);
});

it('plots fields without a unit together only when they are named alike', () => {
  expect(
    names([
      numericField('Load 1 min', '1', ''),
      numericField('Processes', '80', ''),
      numericField('Load 5 min', '1', ''),
    ]),
  ).toEqual([['Load 1 min', 'Load 5 min'], ['Processes']]);
});

it('plots neither texts nor what the Thing is', () => {
  expect(
    names([
      numericField('Version', '1.0', '', { types: ['identity'] }),
      numericField('State', '1', '', { value: { type: 'string', value: '1' } }),
    ]),
  ).toEqual([]);
});

it('does not mix nodes', () => {
  expect(
    names([
      numericField('Level', '1', '%', { node: { nodeId: 'a' } }),
      numericField('Level', '1', '%', { node: { nodeId: 'b' } }),
    ]),
  ).toEqual([['Level'], ['Level']]);
});

it('splits what is too much for one plot evenly', () => {
  const many = Array.from({ length: MAX_LINES + 2 }, (_, i) => numericField(`T${i}`, '1', '°C'));
  expect(names(many).map((group) => group.length)).toEqual([3, 3]);
});
