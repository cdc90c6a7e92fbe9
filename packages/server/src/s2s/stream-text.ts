import { type Element, escapeAttribute } from '@thingward/xml';
import { DIALBACK, NS } from '@thingward/xmpp';
import type { StreamHeader } from './events.ts';

export const STREAM_END = '</stream:stream>';

/** The header of a stream between servers. @see RFC 6120 §4.7, XEP-0220 §2.4.1 */
export function streamHeader({ id, from, to }: StreamHeader): string {
  const attribute = (name: string, value: string | undefined) =>
    value === undefined ? '' : ` ${name}='${escapeAttribute(value)}'`;
  return (
    `<?xml version='1.0'?><stream:stream xmlns='${NS.server}' xmlns:stream='${NS.stream}' xmlns:db='${DIALBACK}'` +
    `${attribute('id', id)}${attribute('from', from)}${attribute('to', to)} version='1.0' xml:lang='en'>`
  );
}

/** An element of the stream. Those of the stream itself and of dialback are written with their prefixes: some servers look for them. */
export function elementText(element: Element): string {
  const prefix = element.namespace === NS.stream ? 'stream' : element.namespace === DIALBACK ? 'db' : undefined;
  const text = element.toString(NS.server);
  if (prefix === undefined) return text;
  const { name, namespace } = element;
  const start = `<${name} xmlns='${namespace}'`;
  const end = `</${name}>`;
  const rest = text.slice(start.length);
  const isEmpty = !rest.endsWith(end);
  return `<${prefix}:${name}${isEmpty ? rest : `${rest.slice(0, -end.length)}</${prefix}:${name}>`}`;
}
