import { type Element, isXmlText } from '@thingward/xml';
import { Ieee1451Error } from '../error.ts';
import { parseNumber } from '../float.ts';
import { formatUuid, parseUuid, UUID_OCTETS } from '../uuid.ts';
import { textAttribute, xmlError } from '../xml-attributes.ts';

/** Text that XML can hold; undefined stays so. @throws Ieee1451Error `limit-exceeded` */
export function xmlText<T extends string | undefined>(text: T, what: string): T {
  if (text === undefined || isXmlText(text)) return text;
  throw new Ieee1451Error('limit-exceeded', `${what} has characters that XML can't hold`, { path: what });
}

/** A UUID of 16 octets, in small letters with hyphens. @throws Ieee1451Error `malformed-xml` */
export function uuidAttribute(element: Element, name: string): string {
  const octets = parseUuid(textAttribute(element, name));
  if (octets?.length !== UUID_OCTETS) throw xmlError(element, name, 'a UUID of 16 octets');
  return formatUuid(octets);
}

/** @throws Ieee1451Error `malformed-xml` */
export function optionalUuid(element: Element, name: string): string | undefined {
  return element.attribute(name) === undefined ? undefined : uuidAttribute(element, name);
}

/** A UUID as it is written: small letters, hyphens. @throws Ieee1451Error `limit-exceeded` */
export function uuidText(text: string, what: string): string {
  const octets = parseUuid(text);
  if (octets?.length === UUID_OCTETS) return formatUuid(octets);
  throw new Ieee1451Error('limit-exceeded', `"${text.slice(0, 60)}" is no UUID of 16 octets`, { path: what });
}

/** @throws Ieee1451Error `malformed-xml` */
export function booleanAttribute(element: Element, name: string): boolean {
  const text = textAttribute(element, name);
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw xmlError(element, name, 'true or false');
}

/** @throws Ieee1451Error `malformed-xml` */
export function optionalNumber(element: Element, name: string): number | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const value = parseNumber(text);
  if (value === undefined) throw xmlError(element, name, 'a number');
  return value;
}

/** With a time zone, as everything that we write. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** @throws Ieee1451Error `malformed-xml` */
export function optionalDate(element: Element, name: string): Date | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const date = new Date(DATE_TIME.test(text) ? text : Number.NaN);
  if (Number.isNaN(date.getTime())) throw xmlError(element, name, 'a date and time with its time zone');
  return date;
}

/** @throws Ieee1451Error `malformed-xml` */
export function dateAttribute(element: Element, name: string): Date {
  textAttribute(element, name);
  return optionalDate(element, name) as Date;
}

/** As XML Schema writes it, in UTC. @throws Ieee1451Error `limit-exceeded` for years that have no four digits */
export function dateText(date: Date, what: string): string {
  const year = date.getUTCFullYear();
  if (year >= 1 && year <= 9999) return date.toISOString();
  throw new Ieee1451Error('limit-exceeded', `${what} is no time of the years 1 to 9999`, { path: what });
}

/** One of several names. @throws Ieee1451Error `malformed-xml` */
export function choiceAttribute<T extends string>(element: Element, name: string, choices: readonly T[]): T {
  const text = textAttribute(element, name);
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw xmlError(element, name, choices.join(', '));
  return choice;
}
