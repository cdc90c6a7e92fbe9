import { createHash } from 'node:crypto';
import { compileSchema } from '@thingward/exi';
import { describe, expect, it } from 'vitest';
import { SchemaCatalogue } from '../exi/schema-catalogue.ts';
import { NS } from '../namespaces.ts';
import { SASL_ERROR_CONDITIONS } from '../sasl/error.ts';
import { STANZA_ERROR_CONDITIONS } from '../stanza-error.ts';
import { STREAM_ERROR_CONDITIONS } from '../stream-error.ts';
import { xmppSchemas } from './schemas.ts';

const FILES = xmppSchemas();
const CATALOGUE = new SchemaCatalogue(FILES);

describe('the schemas of XMPP', () => {
  it('are one for each namespace', () => {
    expect(new Set(FILES.map(({ ns }) => ns)).size).toBe(FILES.length);
    for (const namespace of [
      'http://www.w3.org/XML/1998/namespace',
      'http://etherx.jabber.org/streams',
      'jabber:client',
      'jabber:iq:roster',
      'jabber:x:data',
      'urn:ietf:params:xml:ns:xmpp-stanzas',
      'urn:xmpp:mam:2',
      'http://jabber.org/protocol/compress/exi',
      'http://www.w3.org/2009/exi',
    ]) {
      expect(CATALOGUE.forNamespace(namespace)?.ns).toBe(namespace);
    }
  });

  it('are known by the length and the hash of their bytes', () => {
    for (const { bytes, md5Hash, contents } of FILES) {
      expect(bytes).toBe(contents.length);
      expect(md5Hash).toBe(createHash('md5').update(contents).digest('hex'));
    }
  });

  it.each(FILES)('$location compiles, and nothing in it is ambiguous', ({ location, contents, ns }) => {
    const components = compileSchema([{ location, bytes: contents }], {
      resolve: (_, namespace) => {
        const file = CATALOGUE.forNamespace(namespace);
        return file && { location: file.location, bytes: file.contents };
      },
    });
    const own = [...components.elements.keys(), ...components.attributes.keys()].filter((key) =>
      key.startsWith(`{${ns}}`),
    );
    expect(own).not.toEqual([]);
  });

  it.each(FILES)('$location imports only what is there by its location', ({ contents }) => {
    const text = new TextDecoder().decode(contents);
    for (const [, namespace, location] of text.matchAll(/<xs:import namespace='([^']*)' schemaLocation='([^']*)'/g)) {
      expect(CATALOGUE.forNamespace(namespace as string)?.location).toBe(location);
    }
  });

  it('know every condition of errors', () => {
    const { elements } = CATALOGUE.compile(FILES);
    const conditions = [
      ...STREAM_ERROR_CONDITIONS.map((name) => `{${NS.streamErrors}}${name}`),
      ...Object.keys(STANZA_ERROR_CONDITIONS).map((name) => `{${NS.stanzaErrors}}${name}`),
    ];
    expect(conditions.filter((key) => !elements.has(key))).toEqual([]);
    const { allElements } = CATALOGUE.compile(FILES.filter(({ ns }) => ns === NS.sasl || ns.endsWith('/namespace')));
    const names = allElements.map(({ name }) => name.name);
    expect(SASL_ERROR_CONDITIONS.filter((condition) => !names.includes(condition))).toEqual([]);
  });

  it('compile together', () => {
    const { elements } = CATALOGUE.compile(FILES);
    expect(elements.has('{jabber:client}message')).toBe(true);
    expect(elements.has('{urn:xmpp:carbons:2}received')).toBe(true);
  });
});
