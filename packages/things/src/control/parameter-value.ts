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
import type { ParameterType, ParameterValue } from './parameter.ts';

const COLOR = /^(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$/;

/** The value as text, as in an attribute or a form. */
export function formatParameterValue({ value }: ParameterValue): string {
  return String(value);
}

/** The text as a value of this type; undefined when it is none. White space around it means nothing but in strings. */
export function parseParameterValue(type: ParameterType, text: string): ParameterValue | undefined {
  const trimmed = text.trim();
  switch (type) {
    case 'boolean':
      return present(type, parseBoolean(trimmed));
    case 'int':
      return present(type, parseInt32(trimmed));
    case 'long':
      return present(type, parseInt64(trimmed));
    case 'double':
      return lexical(type, trimmed, isFiniteDouble);
    case 'color':
      return lexical(type, trimmed, (color) => COLOR.test(color));
    case 'date':
      return lexical(type, trimmed, isDate);
    case 'dateTime':
      return lexical(type, trimmed, isDateTime);
    case 'duration':
      return lexical(type, trimmed, isDuration);
    case 'time':
      return lexical(type, trimmed, isTime);
    case 'string':
      return { type, value: text };
  }
}

function present<T extends ParameterValue['type'], V>(
  type: T,
  value: V | undefined,
): { type: T; value: V } | undefined {
  return value === undefined ? undefined : { type, value };
}

function lexical<T extends ParameterValue['type']>(
  type: T,
  text: string,
  isOfType: (text: string) => boolean,
): { type: T; value: string } | undefined {
  return isOfType(text) ? { type, value: text } : undefined;
}

/** The value as one of another type where nothing is lost: integers as wider numbers. Undefined where it can't be. */
export function widenParameterValue(value: ParameterValue, type: ParameterType): ParameterValue | undefined {
  if (value.type === type) return value;
  const widens =
    (value.type === 'int' && (type === 'long' || type === 'double')) || (value.type === 'long' && type === 'double');
  return widens ? parseParameterValue(type, formatParameterValue(value)) : undefined;
}
