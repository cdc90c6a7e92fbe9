import { describe, expect, test } from 'vitest';
import { checkSettings } from './check-settings.ts';
import { decodeControlForm, encodeControlForm } from './form.ts';
import { mergeParameters } from './merge-parameters.ts';
import type { ControlParameter, ParameterValue } from './parameter.ts';

const parameter = (changes: Partial<ControlParameter> & Pick<ControlParameter, 'type'>): ControlParameter => ({
  name: 'P',
  label: 'P',
  ...changes,
});

describe('values are checked', () => {
  test.each<[ControlParameter, ParameterValue, string | undefined]>([
    [parameter({ type: 'int', min: 1, max: 5 }), { type: 'int', value: 5 }, undefined],
    [
      parameter({ type: 'int', options: [{ label: '300 baud', value: '300' }] }),
      { type: 'int', value: 300 },
      undefined,
    ],
    [
      parameter({ type: 'int', options: [{ label: '300 baud', value: '300' }] }),
      { type: 'int', value: 301 },
      'must be one of "300"',
    ],
    [
      parameter({ type: 'double', options: [{ label: '', value: '1.0' }] }),
      { type: 'double', value: '1.0' },
      undefined,
    ],
    [parameter({ type: 'string', pattern: '[A-Z]{3}' }), { type: 'string', value: 'ABC' }, undefined],
    [parameter({ type: 'string', pattern: '[A-Z]{3}' }), { type: 'string', value: 'ABCD' }, 'must match [A-Z]{3}'],
    [parameter({ type: 'string', pattern: 'a|b' }), { type: 'string', value: 'bc' }, 'must match a|b'],
    [parameter({ type: 'date', earliest: '2013-05-01' }), { type: 'date', value: '2013-05-01' }, undefined],
    [
      parameter({ type: 'date', earliest: '2013-05-01' }),
      { type: 'date', value: '2013-04-30' },
      'must be at or after 2013-05-01, got 2013-04-30',
    ],
    [
      parameter({ type: 'dateTime', earliest: '2013-05-01T00:00:00Z', latest: '2013-06-01T00:00:00Z' }),
      { type: 'dateTime', value: '2013-06-01T08:00:00+09:00' },
      undefined,
    ],
    [
      parameter({ type: 'dateTime', latest: '2013-06-01T00:00:00Z' }),
      { type: 'dateTime', value: '2013-06-01T00:00:01Z' },
      'must be at or before 2013-06-01T00:00:00Z, got 2013-06-01T00:00:01Z',
    ],
    [
      parameter({ type: 'time', earliest: '08:00:00', latest: '17:00:00' }),
      { type: 'time', value: '17:00:01' },
      'must be at or after 08:00:00 and at or before 17:00:00, got 17:00:01',
    ],
    [parameter({ type: 'boolean', readOnly: true }), { type: 'boolean', value: true }, 'it can not be set now'],
    [parameter({ type: 'color' }), { type: 'string', value: '3399FF' }, 'expected a value of type color, got string'],
  ])('%j with %j: %s', (declared, value, error) => {
    const { errors, values } = checkSettings([{ name: 'P', value }], [declared]);
    expect(errors[0]?.message).toBe(error);
    expect(values.size).toBe(error === undefined ? 1 : 0);
  });
});

test('everything that a form can say of a parameter survives it', () => {
  const parameters = [
    parameter({ type: 'date', earliest: '2013-05-01', latest: '2014-05-01', page: 'Times', group: 'g' }),
    parameter({ type: 'dateTime', earliest: '2013-05-01T00:00:00Z' }),
    parameter({ type: 'time', latest: '17:00:00' }),
    parameter({ type: 'string', pattern: '[0-9]{3}' }),
    parameter({ type: 'int', options: [{ label: '300 baud', value: '300' }], postBack: true, readOnly: true }),
  ].map((each, i) => ({ parameter: { ...each, name: `P${i}` }, value: undefined }));
  const form = encodeControlForm({ title: undefined, parameters });
  expect(decodeControlForm(form)).toEqual({ title: undefined, parameters });
});

describe('parameters of several Things are merged', () => {
  const merge = (...parameters: ControlParameter[]) =>
    mergeParameters(parameters.map((each) => [{ parameter: each }])).map((state) => state.parameter);

  test.each<[Partial<ControlParameter>, Partial<ControlParameter>, Partial<ControlParameter> | undefined]>([
    [{ min: 1, max: 9 }, { min: 3 }, { min: 3, max: 9 }],
    [{ min: -1, max: 0 }, { max: 5 }, { min: -1, max: 0 }],
    [{ min: 5 }, { max: 4 }, undefined],
    [{ unit: 'm' }, { unit: 'ft' }, undefined],
    [{ readOnly: true }, {}, { readOnly: true }],
    [
      {
        options: [
          { label: 'a', value: '1' },
          { label: 'b', value: '2' },
        ],
      },
      { options: [{ label: 'c', value: '2' }] },
      { options: [{ label: 'b', value: '2' }] },
    ],
    [{ options: [{ label: 'a', value: '1' }] }, { options: [] }, undefined],
  ])('%j and %j give %j', (one, other, expected) => {
    const [merged] = merge(parameter({ type: 'int', ...one }), parameter({ type: 'int', ...other }));
    expect(merged).toEqual(expected && parameter({ type: 'int', ...expected }));
  });
});
