import { expect, it } from 'vitest';
import { LoginRate } from './login-rate.ts';

const MINUTE = 60_000;

it('counts log-ins of the last hour, for each account by itself', () => {
  const rate = new LoginRate(0);
  for (let minute = 0; minute < 30; minute++) rate.count('romeo', minute * MINUTE);
  rate.count('juliet', 30 * MINUTE);
  expect(rate.perMinute('romeo', 30 * MINUTE)).toBeCloseTo(0.5);
  expect(rate.perMinute('juliet', 30 * MINUTE)).toBeCloseTo(1 / 60);
  expect(rate.perMinute('mercutio', 30 * MINUTE)).toBe(0);
});

it('forgets them little by little', () => {
  const rate = new LoginRate(0);
  for (let i = 0; i < 60; i++) rate.count('romeo', 0);
  expect(rate.perMinute('romeo', 59 * MINUTE)).toBeCloseTo(1);
  expect(rate.perMinute('romeo', 90 * MINUTE)).toBeCloseTo(0.5);
  expect(rate.perMinute('romeo', 120 * MINUTE)).toBe(0);
  rate.count('romeo', 600 * MINUTE);
  expect(rate.perMinute('romeo', 600 * MINUTE)).toBeCloseTo(1 / 60);
});

it('has a bound, beyond which those that are new are not counted', () => {
  const rate = new LoginRate(0);
  for (let i = 0; i < 50_001; i++) rate.count(`device${i}`, 0);
  rate.count('device0', 0);
  expect(rate.perMinute('device0', 0)).toBeCloseTo(2 / 60);
  expect(rate.perMinute('device50000', 0)).toBe(0);
});
