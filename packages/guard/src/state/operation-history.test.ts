import { expect, test } from 'vitest';
import type { DecimalText } from '../operation.ts';
import { OperationHistory } from './operation-history.ts';

const START = 1_000_000;
const decimal = (text: string) => text as DecimalText;

test('attempts are counted over a window that slides', () => {
  const history = new OperationHistory();
  const count = (now: number, window: 'minute' | 'hour' = 'minute') => history.count('k', window, now);
  expect(count(START)).toBe(0);
  for (let i = 0; i < 6; i++) history.tried('k', START + i);
  expect(count(START + 59_999)).toBe(6);
  // Of the window before, the part counts that is not over.
  expect(count(START + 60_000)).toBe(6);
  expect(count(START + 90_000)).toBe(3);
  expect(count(START + 119_999)).toBe(0);
  expect(count(START + 120_000)).toBe(0);
  expect(count(START + 120_000, 'hour')).toBe(6);
  history.tried('k', START + 90_000);
  expect(count(START + 90_000)).toBe(4);
  expect(count(START + 90_000, 'hour')).toBe(7);
  expect(history.count('other', 'minute', START)).toBe(0);
});

test('a clock that was set back begins a new window', () => {
  const history = new OperationHistory();
  history.tried('k', START);
  history.tried('k', START - 1);
  expect(history.count('k', 'minute', START - 1)).toBe(1);
  expect(history.count('k', 'minute', START - 2)).toBe(0);
});

test('what a value was before, how much it changes, and how fast', () => {
  const history = new OperationHistory();
  expect(history.before('k', decimal('1.0'), START)).toBeUndefined();
  history.permitted('k', decimal('10.0'), START);
  expect(history.before('k', undefined, START + 2500)).toEqual({ previous: '10.0', secondsSinceLast: 2 });
  expect(history.before('k', decimal('5.0'), START + 2500)).toEqual({
    previous: '10.0',
    secondsSinceLast: 2,
    change: '5.0',
    changePerSecond: '2.0',
  });
  // At once, and before: as if a millisecond had passed.
  for (const now of [START, START - 5000]) {
    expect(history.before('k', decimal('11.0'), now)).toMatchObject({ secondsSinceLast: 0, changePerSecond: '1000.0' });
  }
});

test('of more keys than there is room for, those used last are known', () => {
  const history = new OperationHistory(2);
  for (const key of ['a', 'b', 'a', 'c']) history.tried(key, START);
  expect(['a', 'b', 'c'].map((key) => history.count(key, 'minute', START))).toEqual([2, 0, 1]);
  for (const key of ['a', 'b', 'a', 'c']) history.permitted(key, decimal('1.0'), START);
  expect(['a', 'b', 'c'].map((key) => history.before(key, undefined, START)?.previous)).toEqual([
    '1.0',
    undefined,
    '1.0',
  ]);
});
