import { type Element, xml } from '@thingward/xml';
import type { Body, BodyValue, Layout } from './body.ts';
import { Ieee1451Error } from './error.ts';
import { formatNumber } from './float.ts';
import { textAttribute } from './xml-attributes.ts';

/** The values of a message, one element each; those of a list one after the other. */
export function bodyToXml(body: Body): Element[] {
  return Object.entries(body).flatMap(([name, value]) =>
    itemsOf(value).map((item) => xml('value', { name }, textOf(item))),
  );
}

/** @throws Ieee1451Error `malformed-xml` */
export function bodyFromXml(element: Element, layout: Layout | undefined): Body {
  const values = element
    .childrenNamed('value')
    .map((child) => ({ name: textAttribute(child, 'name'), text: child.text }));
  const body: Record<string, BodyValue> = {};
  for (const field of layout ?? []) {
    if (!('name' in field) || !field.kind.list) continue;
    body[field.name] = values
      .filter(({ name }) => name === field.name)
      .map(({ text }) => parsed(field.name, text, field.kind)) as string[];
  }
  const isOpaque = values.length === 1 && values[0]?.name === 'octets';
  if (isOpaque) return { octets: values[0]?.text ?? '' };
  for (const { name, text } of values) {
    const field = layout?.find((candidate) => 'name' in candidate && candidate.name === name);
    if (!field || !('name' in field)) {
      throw new Ieee1451Error('malformed-xml', `there is no value ${name} in this <${element.name}>`);
    }
    if (!field.kind.list) body[name] = parsed(name, text, field.kind);
  }
  return body;
}

function parsed(
  name: string,
  text: string,
  { parse, expected }: { parse(text: string): BodyValue | undefined; readonly expected: string },
): BodyValue {
  const value = parse(text);
  if (value !== undefined) return value;
  throw new Ieee1451Error('malformed-xml', `<value name='${name}'> holds "${text.slice(0, 80)}": expected ${expected}`);
}

function itemsOf(value: BodyValue): readonly (string | number | boolean)[] {
  return typeof value === 'object' ? value : [value];
}

function textOf(value: string | number | boolean): string {
  return typeof value === 'number' ? formatNumber(value) : String(value);
}
