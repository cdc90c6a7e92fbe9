import { readdirSync, readFileSync } from 'node:fs';
import { identifySchema, type SchemaFile } from '../exi/schema-identity.ts';

/** The schemas of XMPP and its extensions that this product speaks: one file for each namespace. */
export function xmppSchemas(): readonly SchemaFile[] {
  // The package ships its sources: from src/node and from dist/node this is the same folder.
  return readSchemas(new URL('../../src/schemas/', import.meta.url));
}

/** The schema documents (`*.xsd`) in a folder, by name. @throws SchemaError when one is none */
export function readSchemas(folder: URL): readonly SchemaFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.xsd'))
    .sort()
    .map((name) => identifySchema(name, readFileSync(new URL(name, folder))));
}
