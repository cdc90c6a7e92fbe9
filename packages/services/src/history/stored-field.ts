import {
  FIELD_TYPES,
  type Field,
  type FieldType,
  type FieldValue,
  QOS_FLAGS,
  type QosFlag,
  RELIABILITY_FLAGS,
} from '@thingward/things';

/** A value as it is stored. */
export interface StoredValue {
  readonly text: string;
  /** Null for what is no number, or none a double can hold. */
  readonly number: number | null;
  readonly decimals: number;
}

/** More digits than a double has. */
const MAX_DECIMALS = 20;

/** The value as it is stored: text with its digits, and the number to aggregate. */
export function storedValue(value: FieldValue): StoredValue {
  switch (value.type) {
    case 'numeric':
      return { text: value.value, number: finite(Number(value.value)), decimals: decimalsOf(value.value) };
    case 'int':
      return { text: String(value.value), number: value.value, decimals: 0 };
    case 'long':
      return { text: String(value.value), number: Number(value.value), decimals: 0 };
    case 'boolean':
      return { text: String(value.value), number: null, decimals: 0 };
    default:
      return { text: value.value, number: null, decimals: 0 };
  }
}

/** The value that was stored. */
export function fieldValueOf(
  { type, unit, data_type: dataType }: { readonly type: string; readonly unit: string; readonly data_type: string },
  text: string,
): FieldValue {
  switch (type) {
    case 'numeric':
      return { type, value: text, unit };
    case 'int':
      return { type, value: Number(text) };
    case 'long':
      return { type, value: BigInt(text) };
    case 'boolean':
      return { type, value: text === 'true' };
    case 'enum':
      return { type, value: text, dataType };
    default:
      return { type: type as 'string' | 'date' | 'dateTime' | 'duration' | 'time', value: text };
  }
}

/** Do values of this type have an average? */
export function isNumberType(type: string): boolean {
  return type === 'numeric' || type === 'int' || type === 'long';
}

/** How many decimals a number in the lexical form of xs:double has; 0 to 20. */
export function decimalsOf(text: string): number {
  const exponentAt = text.search(/[eE]/);
  const mantissa = exponentAt === -1 ? text : text.slice(0, exponentAt);
  const exponent = exponentAt === -1 ? 0 : Number(text.slice(exponentAt + 1));
  const point = mantissa.indexOf('.');
  const fraction = point === -1 ? 0 : mantissa.length - point - 1;
  return Math.min(MAX_DECIMALS, Math.max(0, fraction - exponent));
}

const TYPE_BITS = new Map<string, number>(FIELD_TYPES.map((type, i) => [type, 1 << i]));
const QOS_BITS = new Map<string, number>(QOS_FLAGS.map((flag, i) => [flag, 1 << (FIELD_TYPES.length + i)]));

/** Field types from bit 0 and quality of service from bit 14 on, each in the order of XEP-0323. */
export function flagsOf({ types, qos }: Pick<Field, 'types' | 'qos'>): number {
  let flags = 0;
  for (const type of types) flags |= TYPE_BITS.get(type) ?? 0;
  for (const flag of qos) flags |= QOS_BITS.get(flag) ?? 0;
  return flags;
}

/** The field types in stored flags. */
export function typesOf(flags: number): readonly FieldType[] {
  return FIELD_TYPES.filter((type) => flags & (TYPE_BITS.get(type) ?? 0));
}

/** The quality of service in stored flags. */
export function qosOf(flags: number): readonly QosFlag[] {
  return QOS_FLAGS.filter((flag) => flags & (QOS_BITS.get(flag) ?? 0));
}

/** The bits that say how reliable a value is: of two values, the one with the greater number in them is more so. @see XEP-0323 §5.7 */
export const RELIABILITY_BITS = RELIABILITY_FLAGS.reduce((bits, flag) => bits | (QOS_BITS.get(flag) ?? 0), 0);

/** How reliable a value is; without any flag that says so, it was read automatically. */
export function reliabilityOf(flags: number): number {
  return flags & RELIABILITY_BITS;
}

function finite(number: number): number | null {
  return Number.isFinite(number) ? number : null;
}
