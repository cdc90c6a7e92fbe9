import type { NodeReference } from '../thing/node.ts';

/** Kinds of fields one can ask for. @see XEP-0323 §2 (Field Type) and its schema's attribute group fieldTypes */
export const FIELD_TYPES = [
  'momentary',
  'peak',
  'status',
  'computed',
  'identity',
  'historicalSecond',
  'historicalMinute',
  'historicalHour',
  'historicalDay',
  'historicalWeek',
  'historicalMonth',
  'historicalQuarter',
  'historicalYear',
  'historicalOther',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** Quality-of-service flags of a field, from weakest to strongest. @see XEP-0323 §5.7 and its schema's attribute group fieldQoS */
export const QOS_FLAGS = [
  'missing',
  'inProgress',
  'automaticEstimate',
  'manualEstimate',
  'manualReadout',
  'automaticReadout',
  'timeOffset',
  'warning',
  'error',
  'signed',
  'invoiced',
  'endOfSeries',
  'powerFailure',
  'invoiceConfirmed',
] as const;
export type QosFlag = (typeof QOS_FLAGS)[number];

/**
 * A field's value by type. `numeric` is decimal text, so that digits are kept: "10.00" stays "10.00" and has two decimals of
 * precision. `int` fits 32 bits, `long` 64. `date`, `dateTime`, `duration`, `time` are in the lexical form of XML Schema.
 */
export type FieldValue =
  | { readonly type: 'numeric'; readonly value: string; readonly unit: string }
  | { readonly type: 'string' | 'date' | 'dateTime' | 'duration' | 'time'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'enum'; readonly value: string; readonly dataType: string };

/** One item of sensor data. Unique by node, name and timestamp. @see XEP-0323 §2 */
export interface Field {
  /** Undefined: the Thing that the JID itself is. */
  readonly node?: NodeReference | undefined;
  readonly name: string;
  readonly value: FieldValue;
  readonly types: readonly FieldType[];
  readonly qos: readonly QosFlag[];
  /** When the value was sampled. */
  readonly timestamp: Date;
  /** A control parameter of the same name changes it. */
  readonly writable?: boolean;
  /** Localisation: module and string ids. @see XEP-0323 §6.2 */
  readonly module?: string;
  readonly stringIds?: string;
}
