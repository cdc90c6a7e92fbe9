import { type Element, escapeAttribute, escapeText } from '@thingward/xml';

/** XML for people: each element on a line of its own. Only for elements that have either text or elements in them. */
export function indentedXml(element: Element, inherited = '', depth = 0): string {
  const { name, namespace, attributes, elements, text } = element;
  const space = '  '.repeat(depth);
  const declared = namespace === inherited ? '' : ` xmlns='${escapeAttribute(namespace)}'`;
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}='${escapeAttribute(value)}'`);
  const start = `${space}<${name}${declared}${written.join('')}`;
  if (elements.length === 0) return text === '' ? `${start}/>\n` : `${start}>${escapeText(text)}</${name}>\n`;
  const inside = elements.map((child) => indentedXml(child, namespace, depth + 1)).join('');
  return `${start}>\n${inside}${space}</${name}>\n`;
}
