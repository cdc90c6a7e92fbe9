import { expect, test } from 'vitest';
import { Quarantine } from './quarantine.ts';

function quarantineAt(start: string) {
  let now = Date.parse(start);
  const quarantine = new Quarantine(() => new Date(now));
  const add = (jid: string, minutes: number, reason = 'flood') =>
    quarantine.add({ jid, until: new Date(now + minutes * 60_000), reason, by: 'policy' });
  return { quarantine, add, pass: (minutes: number) => (now += minutes * 60_000) };
}

test('it ends to the moment, for each by itself', () => {
  const { quarantine, add, pass } = quarantineAt('2026-11-26T10:00:00Z');
  add('ana@example.org', 10);
  add('tom@example.org', 20);
  expect(quarantine.of('eve@example.org')).toBeUndefined();
  pass(9.999);
  expect(quarantine.list().map(({ jid }) => jid)).toEqual(['ana@example.org', 'tom@example.org']);
  pass(0.001);
  expect(quarantine.of('ana@example.org')).toBeUndefined();
  expect(quarantine.list().map(({ jid }) => jid)).toEqual(['tom@example.org']);
  expect(quarantine.size).toBe(1);
});

test('a longer one takes the place of a shorter one, and not the other way', () => {
  const { quarantine, add } = quarantineAt('2026-11-26T10:00:00Z');
  add('ana@example.org', 10, 'first');
  add('ana@example.org', 5, 'shorter');
  add('ana@example.org', 10, 'as long');
  expect(quarantine.of('ana@example.org')?.reason).toBe('first');
  add('ana@example.org', 11, 'longer');
  expect(quarantine.of('ana@example.org')?.reason).toBe('longer');
});

test('who is released is free, and it is said whether they were in it', () => {
  const { quarantine, add, pass } = quarantineAt('2026-11-26T10:00:00Z');
  add('ana@example.org', 10);
  expect(quarantine.release('ana@example.org')).toBe(true);
  expect(quarantine.of('ana@example.org')).toBeUndefined();
  expect(quarantine.release('ana@example.org')).toBe(false);
  add('tom@example.org', 10);
  pass(10);
  expect(quarantine.release('tom@example.org')).toBe(false);
});

test('there are never more than ten thousand; those that came first go', () => {
  const { quarantine, add } = quarantineAt('2026-11-26T10:00:00Z');
  for (let i = 0; i < 10_002; i++) add(`u${i}@example.org`, 10);
  expect(quarantine.size).toBe(10_000);
  expect(quarantine.of('u1@example.org')).toBeUndefined();
  expect(quarantine.of('u2@example.org')).toBeDefined();
});
