import type { Field } from '@thingward/things';

/** The value as its digits came, with its unit. */
export function valueText({ value }: Field): string {
  if (value.type === 'numeric') return value.unit ? `${value.value} ${value.unit}` : value.value;
  return String(value.value);
}

/** A field as a JSON object: flat, and with its digits kept as text. */
export function fieldJson(jid: string, field: Field): object {
  const { value } = field;
  return {
    thing: jid,
    ...(field.node ? { node: field.node } : {}),
    name: field.name,
    type: value.type,
    value: typeof value.value === 'bigint' ? value.value.toString() : value.value,
    ...(value.type === 'numeric' ? { unit: value.unit } : {}),
    types: field.types,
    qos: field.qos,
    timestamp: field.timestamp.toISOString(),
    ...(field.writable ? { writable: true } : {}),
  };
}
