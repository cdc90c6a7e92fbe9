import { outgoingText, valid } from '../thing/payload.ts';
import {
  isDate,
  isDateTime,
  isDuration,
  isFiniteDouble,
  isTime,
  parseBoolean,
  parseInt32,
  parseInt64,
} from '../thing/xml-schema-values.ts';
import type { FieldValue } from './field.ts';

const VALUE_CHECKS = {
  numeric: [isFiniteDouble, 'a finite number'],
  date: [isDate, 'a date of XML Schema'],
  dateTime: [isDateTime, 'a date and time of XML Schema'],
  duration: [isDuration, 'a duration of XML Schema'],
  time: [isTime, 'a time of XML Schema'],
} as const;

/** What a value has beside its text, however a dialect names it. */
export interface ValueExtras {
  /** Of a numeric one; the schemas require it, XEP-0323 §5.4 calls it optional. */
  readonly unit?: string | undefined;
  /** Of an enum. @throws when it has none */
  readonly dataType: () => string;
}

/** The text of a value, checked. @throws PayloadError for what is not of its type */
export function outgoingValue(value: FieldValue, path: string): string {
  const text = String(value.value);
  switch (value.type) {
    case 'boolean':
      return text;
    case 'int':
      valid(parseInt32(text), path, 'a 32-bit integer', text);
      return text;
    case 'long':
      valid(parseInt64(text), path, 'a 64-bit integer', text);
      return text;
    case 'enum':
    case 'string':
      return outgoingText(text, path);
    default:
      return lexical(value.type, text, path);
  }
}

/** White space around a value means nothing but in strings. @throws PayloadError */
export function incomingValue(type: FieldValue['type'], text: string, path: string, extras: ValueExtras): FieldValue {
  switch (type) {
    case 'boolean':
      return { type, value: valid(parseBoolean(text.trim()), path, 'a boolean', text) };
    case 'int':
      return { type, value: valid(parseInt32(text.trim()), path, 'a 32-bit integer', text) };
    case 'long':
      return { type, value: valid(parseInt64(text.trim()), path, 'a 64-bit integer', text) };
    case 'numeric':
      return { type, value: lexical(type, text.trim(), path), unit: extras.unit ?? '' };
    case 'enum':
      return { type, value: text, dataType: extras.dataType() };
    case 'string':
      return { type, value: text };
    default:
      return { type, value: lexical(type, text.trim(), path) };
  }
}

function lexical(type: keyof typeof VALUE_CHECKS, text: string, path: string): string {
  const [check, expected] = VALUE_CHECKS[type];
  return valid(check(text) ? text : undefined, path, expected, text);
}
