import type { Field, FieldValue, QosFlag } from '@thingward/things';

/** The value as text, with exactly the digits that came. */
export function formatFieldValue(value: FieldValue): string {
  if (value.type === 'boolean') return value.value ? 'On' : 'Off';
  if (value.type === 'dateTime') return value.value.replace('T', ' ');
  return String(value.value);
}

/** The unit of a numeric field; undefined when it has none. */
export function unitOf(value: FieldValue): string | undefined {
  return value.type === 'numeric' && value.unit !== '' ? value.unit : undefined;
}

/** The value as a number, for plots only: digits may be lost. Undefined when it is none. */
export function numberOf(value: FieldValue): number | undefined {
  if (value.type === 'int') return value.value;
  if (value.type !== 'numeric' && value.type !== 'long') return undefined;
  const number = Number(value.value);
  return Number.isFinite(number) ? number : undefined;
}

/** Decimals that a decimal text has: 2 for "10.00". */
export function decimalsOf(text: string): number {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const decimals = mantissa.split('.')[1]?.length ?? 0;
  return Math.max(0, decimals - Number(exponent));
}

/** Does the field say what the Thing is, rather than how it is doing? */
export function isIdentity({ types }: Field): boolean {
  return types.includes('identity') && !types.includes('momentary');
}

/** `normal` says how the value was had, `warning` that it may not be relied on, `error` that it must not be. */
export type Severity = 'normal' | 'warning' | 'error';

export interface QosBadge {
  readonly label: string;
  readonly severity: Severity;
  /** The whole meaning. */
  readonly meaning: string;
}

/** @see XEP-0323 §3.3 */
export const QOS_BADGES: Readonly<Record<QosFlag, QosBadge>> = {
  missing: { label: 'missing', severity: 'error', meaning: 'The value is missing' },
  inProgress: { label: 'in progress', severity: 'warning', meaning: 'The value is not final yet' },
  automaticEstimate: { label: 'estimate', severity: 'warning', meaning: 'Estimated by a machine' },
  manualEstimate: { label: 'manual estimate', severity: 'warning', meaning: 'Estimated by a person' },
  manualReadout: { label: 'manual', severity: 'normal', meaning: 'Read by a person' },
  automaticReadout: { label: 'auto', severity: 'normal', meaning: 'Read automatically' },
  timeOffset: {
    label: 'clock off',
    severity: 'warning',
    meaning: 'The clock of the device was off by more than allowed',
  },
  warning: { label: 'warning', severity: 'warning', meaning: 'The device gives a warning about this value' },
  error: { label: 'error', severity: 'error', meaning: 'The device reports an error in this value' },
  signed: { label: 'signed', severity: 'normal', meaning: 'Signed off by an operator' },
  invoiced: { label: 'invoiced', severity: 'normal', meaning: 'Used for an invoice' },
  endOfSeries: { label: 'end of series', severity: 'normal', meaning: 'The last value of a series' },
  powerFailure: { label: 'power failure', severity: 'error', meaning: 'The device lost power during the period' },
  invoiceConfirmed: { label: 'invoice confirmed', severity: 'normal', meaning: 'Used for a confirmed invoice' },
};
