import { outgoingText, PayloadError } from '../thing/payload.ts';
import type { ParameterType, ParameterValue } from './parameter.ts';
import { formatParameterValue, parseParameterValue } from './parameter-value.ts';

/** The text of a value that travels. @throws PayloadError for one that is not of its type */
export function outgoingParameterValue(value: ParameterValue, path: string): string {
  const text = formatParameterValue(value);
  if (parseParameterValue(value.type, text) === undefined) {
    throw new PayloadError('invalid-value', path, `not a value of type ${value.type}`);
  }
  return outgoingText(text, path);
}

/** @throws PayloadError when the text is no value of the type */
export function incomingParameterValue(type: ParameterType, text: string, path: string): ParameterValue {
  const value = parseParameterValue(type, text);
  if (value !== undefined) return value;
  const got = JSON.stringify(text.slice(0, 60));
  throw new PayloadError('invalid-value', path, `expected a value of type ${type}, got ${got}`);
}
