import { encodeUtf8 } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { MissingSchemaError, SchemaCatalogue } from './schema-catalogue.ts';
import { canonicalSchema, identifySchema } from './schema-identity.ts';

const schema = (namespace: string, content = '') =>
  identifySchema(
    `${namespace}.xsd`,
    encodeUtf8(
      `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='${namespace}'>${content}</xs:schema>`,
    ),
  );

const A = schema('urn:a', "<xs:import namespace='urn:b'/><xs:element name='a' type='b:T' xmlns:b='urn:b'/>");
const B = schema('urn:b', "<xs:simpleType name='T'><xs:restriction base='xs:int'/></xs:simpleType>");
const OTHER_B = schema('urn:b', "<xs:simpleType name='T'><xs:restriction base='xs:date'/></xs:simpleType>");

describe('canonical schemas', () => {
  it('import what was negotiated in ascending order of namespaces', () => {
    const text = (schemas: Parameters<typeof canonicalSchema>[0]) =>
      (canonicalSchema(schemas) as { text: string }).text;
    expect(text([B, A])).toBe(text([A, B]));
    expect(text([B, A])).toBe(`<?xml version='1.0' encoding='UTF-8'?>
<xs:schema
  xmlns:xs='http://www.w3.org/2001/XMLSchema'
  targetNamespace='urn:xmpp:exi:cs'
  elementFormDefault='qualified'>
  <xs:import namespace='urn:a' schemaLocation='${A.md5Hash}'/>
  <xs:import namespace='urn:b' schemaLocation='${B.md5Hash}'/>
</xs:schema>
`);
  });
});

describe('a catalogue of schemas', () => {
  const catalogue = new SchemaCatalogue([A, B, OTHER_B, B]);

  it('knows versions apart', () => {
    expect(catalogue.size).toBe(3);
    expect([...catalogue]).toEqual([A, B, OTHER_B]);
    expect(catalogue.get(OTHER_B)).toBe(OTHER_B);
    expect(catalogue.get({ ...B, bytes: B.bytes + 1 })).toBeUndefined();
    expect(catalogue.get({ ...B, ns: 'urn:c' })).toBeUndefined();
    expect(catalogue.forNamespace('urn:b')).toBe(B);
  });

  it('compiles those that were negotiated', () => {
    const base = (schemas: Parameters<typeof catalogue.compile>[0]) =>
      catalogue.compile(schemas).elements.get('{urn:a}a')?.type.base.name?.name;
    expect(base([A, B])).toBe('int');
    expect(base([OTHER_B, A])).toBe('date');
  });

  it('does not make up for what was not negotiated', () => {
    expect(() => catalogue.compile([A])).toThrow('type {urn:b}T is not declared');
  });

  it('tells which are missing, and refuses two versions of one namespace', () => {
    const missing = { ns: 'urn:c', bytes: 1, md5Hash: '0'.repeat(32) };
    expect(() => catalogue.compile([A, missing])).toThrow(new MissingSchemaError([missing]));
    expect(() => catalogue.compile([B, OTHER_B])).toThrow(MissingSchemaError);
  });
});
