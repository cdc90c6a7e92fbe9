import { readdirSync } from 'node:fs';
import { buildGrammars, compileSchema, serializeGrammars } from '@thingward/exi';
import { decodeUploadedSchema, encodeUploadedSchema, SchemaCatalogue } from '@thingward/xmpp/exi';
import { xmppSchemas } from '@thingward/xmpp/node';
import { describe, expect, it } from 'vitest';
import { thingSchemas } from './schemas.ts';

const ALL = [...xmppSchemas(), ...thingSchemas()];
const CATALOGUE = new SchemaCatalogue(ALL);

/** The components of one schema and those it refers to. */
function compiled(location: string, bytes: Uint8Array) {
  return compileSchema([{ location, bytes }], {
    resolve: (_, namespace) => {
      const file = CATALOGUE.forNamespace(namespace);
      return file && { location: file.location, bytes: file.contents };
    },
  });
}

describe('the schemas of Things', () => {
  it('are all that are in this package', () => {
    const files = readdirSync(new URL('../', import.meta.url), { recursive: true }) as string[];
    const names = files.filter((name) => name.endsWith('.xsd')).sort();
    expect(thingSchemas().map(({ location }) => location)).toEqual(names);
  });

  it.each(thingSchemas())('$location compiles, and nothing in it is ambiguous', ({ location, contents, ns }) => {
    const { elements } = compiled(location, contents);
    expect([...elements.keys()].some((key) => key.startsWith(`{${ns}}`))).toBe(true);
  });

  it.each(thingSchemas())('$location can be uploaded in EXI', ({ location, contents }) => {
    const grammars = (bytes: Uint8Array) => serializeGrammars(buildGrammars(compiled(location, bytes)));
    for (const contentType of ['ExiBody', 'ExiDocument'] as const) {
      expect(grammars(decodeUploadedSchema(encodeUploadedSchema(contents, contentType)))).toEqual(grammars(contents));
    }
  });

  it('compile together with those of XMPP', () => {
    const { elements, namespaces } = CATALOGUE.compile(ALL);
    expect(elements.has('{jabber:client}iq')).toBe(true);
    expect(elements.has('{urn:xmpp:iot:sensordata}fields')).toBe(true);
    for (const { ns } of ALL) if (ns !== 'http://www.w3.org/XML/1998/namespace') expect(namespaces).toContain(ns);
  });
});
