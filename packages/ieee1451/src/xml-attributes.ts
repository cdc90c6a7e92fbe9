import type { Element } from '@thingward/xml';
import { Ieee1451Error } from './error.ts';
import { parseHex } from './octets.ts';

/** @param expected what would be right */
export function xmlError(element: Element, attribute: string, expected: string): Ieee1451Error {
  const given = element.attribute(attribute);
  const what = given === undefined ? 'is missing' : `is "${given}"`;
  return new Ieee1451Error(
    'malformed-xml',
    `the attribute ${attribute} of <${element.name}> ${what}: expected ${expected}`,
  );
}

/** @throws Ieee1451Error `malformed-xml` */
export function integerAttribute(element: Element, name: string, least: number, most: number): number {
  const value = optionalInteger(element, name, least, most);
  if (value === undefined) throw xmlError(element, name, `${least} to ${most}`);
  return value;
}

/** @returns undefined when it is not there. @throws Ieee1451Error `malformed-xml` */
export function optionalInteger(element: Element, name: string, least: number, most: number): number | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw xmlError(element, name, `${least} to ${most}`);
  return value;
}

/** @throws Ieee1451Error `malformed-xml` */
export function textAttribute(element: Element, name: string): string {
  const text = element.attribute(name);
  if (text === undefined) throw xmlError(element, name, 'text');
  return text;
}

/** Octets of an attribute in hexadecimal; undefined when it is not there. @throws Ieee1451Error `malformed-xml` */
export function hexAttribute(element: Element, name: string): Uint8Array | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const octets = parseHex(text);
  if (!octets) throw xmlError(element, name, 'pairs of hexadecimal digits');
  return octets;
}

/** The payload, checked for its name. @throws Ieee1451Error `malformed-xml` */
export function requireElement(element: Element, name: string, namespace: string): void {
  if (element.is(name, namespace)) return;
  throw new Ieee1451Error(
    'malformed-xml',
    `expected <${name} xmlns='${namespace}'>, got <${element.name} xmlns='${element.namespace}'>`,
  );
}
