import type { Element } from '@thingward/xml';

/** Names, attributes and values of an element, without white space and order of attributes; times as instants. */
export function shape(element: Element): unknown {
  const attributes = Object.entries(element.attributes)
    .map(([name, value]) => [name, /^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? new Date(value).toISOString() : value])
    .sort();
  return [element.name, attributes, element.text.trim(), element.elements.map(shape)];
}
