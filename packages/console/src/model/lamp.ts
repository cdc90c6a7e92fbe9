import type { Field } from '@thingward/things';

/** How an indicator lamp is lit: `alarm` is the only state that calls for attention. */
export type LampState = 'on' | 'off' | 'alarm' | 'unknown';

/** On is bad. */
const BAD_WHEN_ON = /\b(alarms?|fault|faulty|failure|failed|error|trip|tripped|emergency|leak)\b/i;
/** Off is bad. */
const BAD_WHEN_OFF = /^(connected|reachable|healthy|ok)$/i;

/** How to show a boolean field. That something is an alarm can be told by its name or its QoS flags alone. */
export function lampStateOf({ name, value, qos }: Field): LampState {
  if (value.type !== 'boolean' || qos.includes('missing')) return 'unknown';
  const isBad = value.value ? BAD_WHEN_ON.test(name) : BAD_WHEN_OFF.test(name);
  if (isBad || qos.includes('error')) return 'alarm';
  return value.value ? 'on' : 'off';
}
