import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadError } from '../thing/payload.ts';
import { formatStringIds, localizedName, parseStringIds } from './localization.ts';

const STRINGS: Record<string, Record<string, string>> = {
  Whatchamacallit: {
    1: 'Temperature',
    2: '%0%, Max',
    3: 'Input %1%',
    4: 'Entrance %1%',
    5: '%0%, Floor %1%',
    6: '%0%%0%',
  },
  MathModule: { 1: 'sum(%0%)' },
};

const named = (stringIds: string | undefined, module = 'Whatchamacallit') =>
  localizedName(
    { name: 'its own', module, ...(stringIds === undefined ? {} : { stringIds }) },
    (m, id) => STRINGS[m]?.[id],
  );

describe('the examples of XEP-0323 §6.2', () => {
  test.each([
    ['1', 'Temperature'],
    ['1,2', 'Temperature, Max'],
    ['1,1|MathModule', 'sum(Temperature)'],
    ['3||A1', 'Input A1'],
    ['4||A1,2', 'Entrance A1, Max'],
    ['4||A1,5||3', 'Entrance A1, Floor 3'],
  ])('%s gives %s', (ids, expected) => {
    expect(named(ids)).toBe(expected);
    expect(formatStringIds(parseStringIds(ids))).toBe(ids);
  });
});

test('what is not known leaves the name as it is', () => {
  expect(named(undefined)).toBe('its own');
  expect(named('9')).toBe('its own');
  expect(named('1', 'Other')).toBe('its own');
  expect(named(`1,${Array(60).fill('6').join(',')}`)).toBe('its own');
});

test.each(['', 'x', '1,', '1|a b', '1|a.', ',1', '-1', Array(101).fill('1').join(',')])('"%s" is refused', (ids) => {
  expect(() => parseStringIds(ids)).toThrow(PayloadError);
});

test.each([[[{ id: '1', seed: 'a,2' }]], [[{ id: '1', module: 'a|b' }]], [[{ id: 'one' }]], [[]]])(
  '%j can not be written',
  (steps) => expect(() => formatStringIds(steps)).toThrow(PayloadError),
);

test('what is written is read as it was', () => {
  const step = fc.record(
    {
      id: fc.nat().map(String),
      module: fc.stringMatching(/^\w{1,5}(\.\w{1,5})?$/),
      seed: fc.string({ maxLength: 8 }).map((seed) => seed.replaceAll(',', '')),
    },
    { requiredKeys: ['id'] },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
      expect(parseStringIds(formatStringIds(steps))).toEqual(steps);
    }),
  );
});
