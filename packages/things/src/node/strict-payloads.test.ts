import { buildGrammars, ExiDecoder, ExiEncoder } from '@thingward/exi';
import { type Element, parseElement, xml } from '@thingward/xml';
import { SchemaCatalogue } from '@thingward/xmpp/exi';
import { xmppSchemas } from '@thingward/xmpp/node';
import { describe, expect, it } from 'vitest';
import { PAYLOADS } from '../../test/payloads.ts';
import { thingSchemas } from './schemas.ts';

const ALL = [...xmppSchemas(), ...thingSchemas()];
const COMPONENTS = new SchemaCatalogue(ALL).compile(ALL);
const SETTINGS = { options: { strict: true }, grammars: buildGrammars(COMPONENTS) };

/** With attributes in order, as EXI puts them. */
function sorted({ name, namespace, attributes, children }: Element): Element {
  const inOrder = Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  const content = children.map((child) => (typeof child === 'string' ? child : sorted(child)));
  return xml(name, { ...inOrder, xmlns: namespace }, ...content);
}

function roundTrip(element: Element): Element | undefined {
  const decoder = new ExiDecoder(SETTINGS);
  decoder.push(new ExiEncoder(SETTINGS).encodeElement(element));
  return decoder.nextElement();
}

describe('payloads of Things under strict grammars', () => {
  it.each(PAYLOADS)('%s', (text) => {
    const stanza = xml('iq', { xmlns: 'jabber:client', id: 'x', type: 'set' }, parseElement(text));
    expect(String(sorted(roundTrip(stanza) as Element))).toBe(String(sorted(stanza)));
  });

  it('are there for every element that is declared', () => {
    const seen = new Set(
      PAYLOADS.map((text) => parseElement(text)).map(({ name, namespace }) => `{${namespace}}${name}`),
    );
    const namespaces = thingSchemas().map(({ ns }) => `{${ns}}`);
    const declared = [...COMPONENTS.elements.keys()].filter((key) => namespaces.some((ns) => key.startsWith(ns)));
    expect(declared.filter((key) => !seen.has(key))).toEqual([]);
  });
});
