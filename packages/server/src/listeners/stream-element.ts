import type { Element } from '@thingward/xml';
import { NS } from '@thingward/xmpp';

/**
 * An element as text. The stream's own are written with the prefix `stream`, as the RFC's examples are: some clients look for it.
 * @param around the default namespace where it is put; the prefix must be bound there
 */
export function streamElementText(element: Element, around: string): string {
  const text = element.toString(around);
  if (element.namespace !== NS.stream) return text;
  return text
    .replace(`<${element.name} xmlns='${NS.stream}'`, `<stream:${element.name}`)
    .replace(new RegExp(`</${element.name}>$`), `</stream:${element.name}>`);
}
