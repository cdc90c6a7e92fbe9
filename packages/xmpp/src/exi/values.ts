import type { Element } from '@thingward/xml';
import { StreamError } from '../stream-error.ts';

/** Everything of XEP-0322. @see XEP-0322 §7 */
export const EXI_COMPRESSION = 'http://jabber.org/protocol/compress/exi';

/** What an element of this namespace lacks or has wrong. */
export function badFormat(element: Element, problem: string): StreamError {
  return new StreamError('bad-format', `${element.name}: ${problem}`);
}

/** @throws StreamError `bad-format` when it is not this element */
export function expectElement(element: Element, name: string): void {
  if (!element.is(name, EXI_COMPRESSION)) throw badFormat(element, `expected ${name} of ${EXI_COMPRESSION}`);
}

/** @throws StreamError `bad-format` when it is not there */
export function requiredText(element: Element, attribute: string): string {
  const value = element.attribute(attribute);
  if (value === undefined) throw badFormat(element, `expected the attribute ${attribute}`);
  return value;
}

/** @throws StreamError `bad-format` */
export function optionalBoolean(element: Element, attribute: string): boolean | undefined {
  const value = element.attribute(attribute)?.trim();
  if (value === undefined) return undefined;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw badFormat(element, `${attribute} is "${value}", expected true or false`);
}

/** A number from 1 to what is exact. @throws StreamError `bad-format` */
export function optionalPositiveInteger(element: Element, attribute: string): number | undefined {
  const value = element.attribute(attribute)?.trim();
  if (value === undefined) return undefined;
  const number = /^\+?\d{1,15}$/.test(value) ? Number(value) : 0;
  if (number < 1) throw badFormat(element, `${attribute} is "${value}", expected a number from 1`);
  return number;
}

/** @throws StreamError `bad-format` */
export function optionalChoice<T extends string>(
  element: Element,
  attribute: string,
  choices: readonly T[],
): T | undefined {
  const value = element.attribute(attribute);
  if (value === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw badFormat(element, `${attribute} is "${value}", expected ${choices.join(', ')}`);
  return choice;
}

/** A hash as XEP-0322 writes it. @throws StreamError `bad-format` */
export function optionalHash(element: Element, attribute: string): string | undefined {
  const value = element.attribute(attribute);
  if (value !== undefined && !/^[0-9a-f]{32}$/.test(value)) {
    throw badFormat(element, `${attribute} is "${value}", expected 32 hexadecimal digits in lower case`);
  }
  return value;
}

/** @throws StreamError `bad-format` when the optional value is not there */
export function required<T>(element: Element, attribute: string, value: T | undefined): T {
  if (value === undefined) throw badFormat(element, `expected the attribute ${attribute}`);
  return value;
}
