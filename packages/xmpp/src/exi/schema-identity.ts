import { type SchemaDocument, type SchemaLimits, targetNamespace } from '@thingward/exi';
import { escapeAttribute } from '@thingward/xml';
import { md5 } from './md5.ts';

/** By what XEP-0322 knows one version of a schema. @see XEP-0322 §2.2.2 */
export interface SchemaIdentity {
  readonly ns: string;
  readonly bytes: number;
  /** 32 hexadecimal digits, in lower case. */
  readonly md5Hash: string;
}

/** A schema document, byte for byte as it is hashed and uploaded, and what it is known by. */
export interface SchemaFile extends SchemaIdentity {
  /** A name for it: where it was read, or what others call it in `schemaLocation`. */
  readonly location: string;
  readonly contents: Uint8Array;
}

/**
 * What a schema document is known by: its target namespace, and length and hash of its very bytes, white space and comments included.
 * @throws SchemaError when it is no schema document
 */
export function identifySchema(location: string, contents: Uint8Array, limits?: Partial<SchemaLimits>): SchemaFile {
  const ns = targetNamespace({ location, bytes: contents }, limits);
  return { location, contents, ns, bytes: contents.length, md5Hash: md5(contents) };
}

export function isSameSchema(a: SchemaIdentity, b: SchemaIdentity): boolean {
  return a.ns === b.ns && a.bytes === b.bytes && a.md5Hash === b.md5Hash;
}

/** In ascending order of namespaces, as canonical schemas import them. */
export function inNamespaceOrder<T extends SchemaIdentity>(schemas: readonly T[]): readonly T[] {
  return schemas.toSorted((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : a.md5Hash < b.md5Hash ? -1 : 1));
}

/** Target namespace of canonical schemas. @see XEP-0322 §3.10 */
export const CANONICAL_SCHEMA = 'urn:xmpp:exi:cs';

/**
 * The one schema that stands for all that were negotiated: it declares nothing, and imports each in ascending order of namespaces.
 * Both sides make it by themselves; grammars made of it are the same wherever the schemas are.
 * @see XEP-0322 §3.10
 */
export function canonicalSchema(schemas: readonly SchemaIdentity[]): SchemaDocument {
  const imports = inNamespaceOrder(schemas).map(
    ({ ns, md5Hash }) => `  <xs:import namespace='${escapeAttribute(ns)}' schemaLocation='${md5Hash}'/>\n`,
  );
  const text = `<?xml version='1.0' encoding='UTF-8'?>
<xs:schema
  xmlns:xs='http://www.w3.org/2001/XMLSchema'
  targetNamespace='${CANONICAL_SCHEMA}'
  elementFormDefault='qualified'>
${imports.join('')}</xs:schema>
`;
  return { location: CANONICAL_SCHEMA, text };
}
