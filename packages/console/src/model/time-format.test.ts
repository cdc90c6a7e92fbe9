import { expect, it } from 'vitest';
import { formatAge, formatTimestamp } from './time-format.ts';

const now = new Date(2026, 10, 23, 14, 5, 9);
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);

it.each([
  [0, 'now'],
  [-30, 'now'],
  [0.9, 'now'],
  [1, '1 s ago'],
  [59.9, '59 s ago'],
  [60, '1 min ago'],
  [3599, '59 min ago'],
  [3600, '1 h ago'],
  [47 * 3600, '47 h ago'],
  [48 * 3600, '2 d ago'],
])('says how long ago %d seconds are', (seconds, text) => {
  expect(formatAge(ago(seconds), now)).toBe(text);
});

it('leaves the date of today out', () => {
  expect(formatTimestamp(ago(5), now)).toBe('14:05:04');
  expect(formatTimestamp(ago(86_400), now)).toBe('2026-11-22 14:05:09');
});
