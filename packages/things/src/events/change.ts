import type { FieldValue } from '../sensor-data/field.ts';
import { parseDateTime } from '../thing/xml-schema-values.ts';
import type { FieldCondition } from './codec.ts';

/** What changes of a value are measured by: a number, or text of which any change counts as one. */
export type Magnitude = number | bigint | string;

const MONTH_SECONDS = 2_629_746;

/**
 * The magnitude of a value; undefined for one that has none (a time that no clock shows).
 * @see XEP-0000: Events §5.1
 */
export function magnitudeOf(value: FieldValue): Magnitude | undefined {
  switch (value.type) {
    case 'boolean':
      return value.value ? 1 : 0;
    case 'int':
    case 'long':
      return value.value;
    case 'numeric':
      return Number(value.value);
    case 'date':
      return secondsOf(`${value.value.slice(0, value.value.indexOf('-', 1) + 6)}T00:00:00Z`);
    case 'dateTime':
      return secondsOf(value.value);
    case 'time':
      return secondsOf(`1970-01-01T${value.value}`);
    case 'duration':
      return durationSeconds(value.value);
    default:
      return value.value;
  }
}

function secondsOf(dateTime: string): number | undefined {
  const date = parseDateTime(dateTime);
  return date && date.getTime() / 1000;
}

/** A month is a twelfth of a mean year: only changes are measured. */
function durationSeconds(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const [date = '', time = ''] = text.slice(text.indexOf('P') + 1).split('T');
  const count = (part: string, unit: string) => Number(new RegExp(`(\\d+(?:\\.\\d+)?)${unit}`).exec(part)?.[1] ?? 0);
  const months = count(date, 'Y') * 12 + count(date, 'M');
  const seconds = count(date, 'D') * 86_400 + count(time, 'H') * 3600 + count(time, 'M') * 60 + count(time, 'S');
  return sign * (months * MONTH_SECONDS + seconds);
}

/** How far it is from one value to another, upwards positive: of texts 1, 0 or -1. */
export function changeOf(from: Magnitude, to: Magnitude): number {
  if (typeof from === 'bigint' && typeof to === 'bigint') return Number(to - from);
  if (typeof from === 'string' || typeof to === 'string') {
    const [a, b] = [String(from), String(to)];
    return a === b ? 0 : b > a ? 1 : -1;
  }
  return Number(to) - Number(from);
}

/** Does the condition say when there is to be an event, or only that the field is wanted? */
export function hasChange({ changedBy, changedUp, changedDown }: FieldCondition): boolean {
  return changedBy !== undefined || changedUp !== undefined || changedDown !== undefined;
}

/**
 * Is the change from one value to another as large as the condition wants? Decimals that binary numbers can't hold exactly don't count
 * against it: from 21.6 to 21.7 it is 0.1.
 * @see XEP-0000: Events §5.1
 */
export function isTriggered(condition: FieldCondition, from: Magnitude, to: Magnitude): boolean {
  const change = changeOf(from, to);
  const tolerance = 4 * Number.EPSILON * Math.max(Math.abs(Number(from)) || 0, Math.abs(Number(to)) || 0);
  const up = condition.changedBy ?? condition.changedUp;
  const down = condition.changedBy ?? condition.changedDown;
  return (
    (up !== undefined && change > 0 && change + tolerance >= up) ||
    (down !== undefined && change < 0 && -change + tolerance >= down)
  );
}

/**
 * The value that the next change is measured from when there was no event. A condition in one direction alone follows the value in the
 * other: a motion detector that watches for the rise has to see the fall, or it would never see another rise.
 */
export function following(condition: FieldCondition, from: Magnitude, to: Magnitude): Magnitude {
  const { changedBy, changedUp, changedDown } = condition;
  if (changedBy !== undefined || (changedUp === undefined) === (changedDown === undefined)) return from;
  const change = changeOf(from, to);
  return (changedUp !== undefined && change < 0) || (changedDown !== undefined && change > 0) ? to : from;
}
