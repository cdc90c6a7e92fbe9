import { buildGrammars, ExiDecoder, ExiEncoder } from '@thingward/exi';
import { type Element, parseElement, xml } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { STANZAS } from '../../test/stanzas.ts';
import { SchemaCatalogue } from '../exi/schema-catalogue.ts';
import { xmppSchemas } from './schemas.ts';

const FILES = xmppSchemas();
const GRAMMARS = buildGrammars(new SchemaCatalogue(FILES).compile(FILES));
const OPTIONS = { strict: true } as const;

function namespacesIn(element: Element): readonly string[] {
  return [element.namespace, ...element.elements.flatMap(namespacesIn)];
}

/** With attributes in order, as EXI puts them. */
function sorted({ name, namespace, attributes, children }: Element): Element {
  const inOrder = Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  const content = children.map((child) => (typeof child === 'string' ? child : sorted(child)));
  return xml(name, { ...inOrder, xmlns: namespace }, ...content);
}

describe('stanzas under strict grammars', () => {
  it.each(STANZAS)('%s', (text) => {
    const element = parseElement(text);
    const encoder = new ExiEncoder({ options: OPTIONS, grammars: GRAMMARS });
    const decoder = new ExiDecoder({ options: OPTIONS, grammars: GRAMMARS });
    const bytes = encoder.encodeElement(element);
    expect(bytes.length).toBeLessThan(text.length);
    decoder.push(bytes);
    expect(String(sorted(decoder.nextElement() as Element))).toBe(String(sorted(element)));
  });

  it('are there for every namespace that has a schema', () => {
    const seen = new Set(STANZAS.flatMap((text) => namespacesIn(parseElement(text))));
    const unseen = FILES.map(({ ns }) => ns).filter((ns) => !seen.has(ns));
    expect(unseen).toEqual(['http://www.w3.org/XML/1998/namespace']);
  });
});
