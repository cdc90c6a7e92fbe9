import { FIELD_TYPES, QOS_FLAGS } from '@thingward/things';
import { expect, test } from 'vitest';
import { decimalsOf, flagsOf, storedValue } from './stored-field.ts';

test.each([
  ['10.00', 2],
  ['10', 0],
  ['10.', 0],
  ['.5', 1],
  ['1.5e3', 0],
  ['1.23456e2', 3],
  ['1e-7', 7],
  ['-0.50E+1', 1],
  ['1e-300', 20],
])('%s has %i decimals', (text, decimals) => expect(decimalsOf(text)).toBe(decimals));

test('values keep their digits, and are numbers where they can be', () => {
  expect(storedValue({ type: 'numeric', value: '10.00', unit: 'm' })).toEqual({
    text: '10.00',
    number: 10,
    decimals: 2,
  });
  expect(storedValue({ type: 'numeric', value: '1e999', unit: '' }).number).toBeNull();
  expect(storedValue({ type: 'long', value: -(2n ** 63n) })).toEqual({
    text: '-9223372036854775808',
    number: -(2 ** 63),
    decimals: 0,
  });
  expect(storedValue({ type: 'boolean', value: false })).toEqual({ text: 'false', number: null, decimals: 0 });
  expect(storedValue({ type: 'enum', value: '7', dataType: 'Mode' })).toEqual({ text: '7', number: null, decimals: 0 });
});

test('each flag has a bit of its own, and all fit a 32-bit integer', () => {
  const all = flagsOf({ types: FIELD_TYPES, qos: QOS_FLAGS });
  expect(all).toBe(2 ** (FIELD_TYPES.length + QOS_FLAGS.length) - 1);
  const single = [
    ...FIELD_TYPES.map((type) => flagsOf({ types: [type], qos: [] })),
    ...QOS_FLAGS.map((flag) => flagsOf({ types: [], qos: [flag] })),
  ];
  expect(single.reduce((sum, flags) => sum + flags)).toBe(all);
});
