import type { Field, FieldType, FieldValue } from '@thingward/things';

interface FieldOptions {
  readonly types?: readonly FieldType[];
  readonly writable?: boolean;
  readonly module?: string | undefined;
  readonly stringIds?: string | undefined;
}

/** A field read by the gateway itself just now. */
export function field(name: string, value: FieldValue, timestamp: Date, options: FieldOptions = {}): Field {
  const { types = ['momentary'], writable, module, stringIds } = options;
  return {
    name,
    value,
    types,
    qos: ['automaticReadout'],
    timestamp,
    ...(writable ? { writable } : {}),
    ...(module === undefined ? {} : { module }),
    ...(stringIds === undefined ? {} : { stringIds }),
  };
}

/** @param decimals how many the value is worth */
export function numeric(value: number, unit: string, decimals: number): FieldValue {
  return { type: 'numeric', value: value.toFixed(decimals), unit };
}

export function text(value: string): FieldValue {
  return { type: 'string', value };
}

/** Name of the field that says whether a device answers. */
export const CONNECTED = 'Connected';

/** Whether a device answers; its history shows when it did not. */
export function connected(value: boolean, timestamp: Date): Field {
  return field(CONNECTED, { type: 'boolean', value }, timestamp, { types: ['status'] });
}
