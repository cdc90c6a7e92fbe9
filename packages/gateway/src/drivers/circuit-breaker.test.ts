import { expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';

it('leaves a unit alone after some failures in a row, for a growing while, until it answers', () => {
  let now = 5000;
  const breaker = new CircuitBreaker(() => now);
  breaker.failed();
  breaker.failed();
  breaker.succeeded();
  breaker.failed();
  breaker.failed();
  expect(breaker.remainingMs).toBe(0);
  breaker.failed();
  expect(breaker.remainingMs).toBe(1000);
  now += 400;
  expect(breaker.remainingMs).toBe(600);
  now += 600;
  expect(breaker.remainingMs).toBe(0);
  const pauses = Array.from({ length: 20 }, () => {
    breaker.failed();
    const pause = breaker.remainingMs;
    now += pause;
    return pause;
  });
  expect(pauses.slice(0, 6)).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000]);
  expect(pauses.at(-1)).toBe(30_000);
  breaker.failed();
  breaker.succeeded();
  expect(breaker.remainingMs).toBe(0);
  breaker.failed();
  expect(breaker.remainingMs).toBe(0);
});
