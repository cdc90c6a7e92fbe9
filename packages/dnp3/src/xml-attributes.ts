import { type Element, parseBoolean, parseHexBinary } from '@thingward/xml';
import { Dnp3Error } from './error.ts';

/** @param expected what would be right */
export function xmlError(element: Element, attribute: string, expected: string): Dnp3Error {
  const given = element.attribute(attribute);
  const what = given === undefined ? 'is missing' : `is "${given}"`;
  return new Dnp3Error(
    'malformed-xml',
    `the attribute ${attribute} of <${element.name}> ${what}: expected ${expected}`,
  );
}

/** @throws Dnp3Error `malformed-xml` */
export function integerAttribute(element: Element, name: string, least: number, most: number): number {
  const value = optionalInteger(element, name, least, most);
  if (value === undefined) throw xmlError(element, name, `${least} to ${most}`);
  return value;
}

/** @returns undefined when it is not there. @throws Dnp3Error `malformed-xml` */
export function optionalInteger(element: Element, name: string, least: number, most: number): number | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw xmlError(element, name, `${least} to ${most}`);
  // Minus nought is nought.
  return value + 0;
}

/** @param absent what it is when it is not there; required when not given. @throws Dnp3Error `malformed-xml` */
export function booleanAttribute(element: Element, name: string, absent?: boolean): boolean {
  const text = element.attribute(name);
  const value = text === undefined ? absent : parseBoolean(text);
  if (value === undefined) throw xmlError(element, name, 'true or false');
  return value;
}

/** The octets of an element's content in hexadecimal. @throws Dnp3Error `malformed-xml` */
export function hexContent(element: Element): Uint8Array {
  const octets = parseHexBinary(element.text.trim());
  if (!octets) {
    throw new Dnp3Error('malformed-xml', `<${element.name}> needs pairs of hexadecimal digits as its content`);
  }
  return octets;
}
