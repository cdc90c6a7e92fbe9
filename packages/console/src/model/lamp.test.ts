import type { Field } from '@thingward/things';
import { expect, it } from 'vitest';
import { lampStateOf } from './lamp.ts';

const status = (name: string, value: boolean, qos: Field['qos'] = []): Field => ({
  name,
  value: { type: 'boolean', value },
  types: ['status'],
  qos,
  timestamp: new Date(),
});

it.each([
  ['Pump on', true, 'on'],
  ['Pump on', false, 'off'],
  ['High level alarm', true, 'alarm'],
  ['High level alarm', false, 'off'],
  ['Connected', true, 'on'],
  ['Connected', false, 'alarm'],
  ['Tripod', true, 'on'],
] as const)('%s %s is shown as %s', (name, value, state) => {
  expect(lampStateOf(status(name, value))).toBe(state);
});

it('is unknown when the value is missing, and an alarm when the device says that it is wrong', () => {
  expect(lampStateOf(status('Pump on', true, ['missing']))).toBe('unknown');
  expect(lampStateOf(status('Pump on', false, ['error']))).toBe('alarm');
});
