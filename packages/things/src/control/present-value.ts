import type { Field, FieldType, FieldValue } from '../sensor-data/field.ts';
import { isDuration, isTime } from '../thing/xml-schema-values.ts';
import type { ParameterType, ParameterValue } from './parameter.ts';
import { formatParameterValue, parseParameterValue } from './parameter-value.ts';
import { parseRfc822Date } from './rfc822-date.ts';

/**
 * The present value of a control parameter, as a read-out of momentary and status fields tells it: that of a momentary field of the same
 * name, or of a status field; one whose value is missing tells nothing.
 * @see XEP-0325 §5.2.2
 */
export function presentValue(fields: readonly Field[], name: string, type: ParameterType): ParameterValue | undefined {
  for (const kind of ['momentary', 'status'] as const satisfies readonly FieldType[]) {
    for (const field of fields) {
      if (field.name !== name || !field.types.includes(kind) || field.qos.includes('missing')) continue;
      const value = parameterValueOf(field.value, type);
      if (value) return value;
    }
  }
  return undefined;
}

/**
 * A field's value as one of a control parameter; undefined where the types are not compatible, or the value does not fit. Numbers with
 * a fraction are cut towards zero. Enumerations have no ordinals here, so that they are no integers.
 * @see XEP-0325 §5.2.2, the table of conversions
 */
export function parameterValueOf(value: FieldValue, type: ParameterType): ParameterValue | undefined {
  switch (type) {
    case 'boolean':
      return toBoolean(value);
    case 'color':
      return value.type === 'string' ? parseParameterValue(type, value.value) : undefined;
    case 'date':
    case 'dateTime':
      return toDate(value, type);
    case 'time':
    case 'duration':
      return toTime(value, type);
    case 'double':
      return toDouble(value);
    case 'int':
    case 'long':
      return toInteger(value, type);
    case 'string':
      return { type, value: String(value.value) };
  }
}

function toBoolean(value: FieldValue): ParameterValue | undefined {
  if (value.type === 'boolean') return { type: 'boolean', value: value.value };
  return isNumber(value) ? { type: 'boolean', value: Number(value.value) !== 0 } : undefined;
}

function toDate(value: FieldValue, type: 'date' | 'dateTime'): ParameterValue | undefined {
  switch (value.type) {
    case 'date':
      return type === 'date' ? { type, value: value.value } : parseParameterValue(type, midnightOf(value.value));
    case 'dateTime':
      return { type, value: type === 'date' ? value.value.slice(0, value.value.indexOf('T')) : value.value };
    case 'string': {
      const lexical = parseParameterValue(type, value.value);
      const mail = lexical === undefined ? parseRfc822Date(value.value) : undefined;
      if (mail === undefined) return lexical;
      return parseParameterValue(type, type === 'date' ? mail.slice(0, mail.indexOf('T')) : mail);
    }
    default:
      return undefined;
  }
}

/** `2013-05-01Z` begins at `2013-05-01T00:00:00Z`. */
function midnightOf(date: string): string {
  return date.replace(/^(-?\d+-\d\d-\d\d)/, '$1T00:00:00');
}

function toTime(value: FieldValue, type: 'time' | 'duration'): ParameterValue | undefined {
  switch (value.type) {
    case 'dateTime':
      return type === 'time' ? { type, value: value.value.slice(value.value.indexOf('T') + 1) } : undefined;
    case 'duration':
      return type === 'duration' ? { type, value: value.value } : parseParameterValue(type, clockOf(value.value) ?? '');
    case 'time':
      return type === 'time' ? { type, value: value.value } : { type, value: durationOf(value.value) };
    case 'string': {
      const text = value.value.trim();
      if (type === 'time' || isDuration(text)) return parseParameterValue(type, text);
      return isTime(text) ? { type, value: durationOf(text) } : undefined;
    }
    default:
      return undefined;
  }
}

/** A duration of less than a day as a time of the day. */
function clockOf(duration: string): string | undefined {
  const match = /^P(?:0+D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d+)?S)?)?$/.exec(duration);
  if (!match) return undefined;
  const [, hours = '0', minutes = '0', seconds = '0', fraction = ''] = match;
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (total >= 86_400) return undefined;
  const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':') + fraction;
}

/** A time of the day as the duration since midnight. */
function durationOf(time: string): string {
  const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d(?:\.\d+)?)/.exec(time) ?? [];
  return `PT${Number(hours)}H${Number(minutes)}M${seconds?.replace(/^0(?=\d)/, '')}S`;
}

function toDouble(value: FieldValue): ParameterValue | undefined {
  if (value.type === 'boolean') return { type: 'double', value: value.value ? '1' : '0' };
  if (isNumber(value)) return { type: 'double', value: String(value.value) };
  if (value.type !== 'string') return undefined;
  return parseParameterValue('double', value.value) ?? parseParameterValue('double', localNumber(value.value));
}

/** A number as people here write it, such as `1 234,5`. */
function localNumber(text: string): string {
  const parts = new Intl.NumberFormat().formatToParts(12_345.6);
  const separator = (type: 'group' | 'decimal') => parts.find((part) => part.type === type)?.value ?? '';
  return text
    .trim()
    .replaceAll(separator('group') || ' ', '')
    .replace(separator('decimal') || '.', '.');
}

function toInteger(value: FieldValue, type: 'int' | 'long'): ParameterValue | undefined {
  if (value.type === 'boolean') return parseParameterValue(type, value.value ? '1' : '0');
  if (value.type === 'string') return parseParameterValue(type, value.value);
  if (!isNumber(value)) return undefined;
  if (value.type !== 'numeric') return parseParameterValue(type, String(value.value));
  const whole = /^([+-]?\d+)(?:\.\d*)?$/.exec(value.value)?.[1];
  return parseParameterValue(type, whole ?? wholeText(Math.trunc(Number(value.value))));
}

/** All digits of a whole number. */
function wholeText(whole: number): string {
  return formatParameterValue({ type: 'long', value: BigInt(whole) });
}

function isNumber(value: FieldValue): value is Extract<FieldValue, { type: 'int' | 'long' | 'numeric' }> {
  return value.type === 'int' || value.type === 'long' || value.type === 'numeric';
}
