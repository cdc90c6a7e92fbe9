import { describe, expect, it } from 'vitest';
import { AttemptLimit } from './attempt-limit.ts';

const HOUR = 3_600_000;

describe('a limit of attempts', () => {
  it('is for an hour, and for each address', () => {
    const limit = new AttemptLimit(2);
    expect([1, 2, 3].map(() => limit.take('192.0.2.1', 0))).toEqual([true, true, false]);
    expect(limit.take('192.0.2.2', 0)).toBe(true);
    expect(limit.take('192.0.2.1', HOUR - 1)).toBe(false);
    expect(limit.take('192.0.2.1', HOUR)).toBe(true);
  });

  it('takes a /64 of IPv6 as one, however it is written', () => {
    const limit = new AttemptLimit(1);
    expect(limit.take('2001:db8::1', 0)).toBe(true);
    expect(limit.take('2001:db8:0:0:ffff::2', 0)).toBe(false);
    expect(limit.take('2001:db8:0:1::1', 0)).toBe(true);
    expect(limit.take('::1', 0)).toBe(true);
    expect(limit.take('0:0:0:0:0:0:0:2', 0)).toBe(false);
    expect(limit.take('::ffff:192.0.2.1', 0)).toBe(true);
    expect(limit.take('::ffff:192.0.2.2', 0)).toBe(true);
  });

  it('does not grow without end, and lets nobody new in when it is full', () => {
    const limit = new AttemptLimit(1);
    for (let i = 0; i < 20_000; i++) limit.take(`192.0.${i >> 8}.${i & 255}`, i);
    expect(limit.take('198.51.100.1', 20_000)).toBe(false);
    expect(limit.take('198.51.100.1', HOUR + 1)).toBe(true);
  });
});
