import { buildGrammars } from '@thingward/exi';
import { NS } from '../namespaces.ts';
import { AgreedSetUp } from './agreed-setup.ts';
import { SchemaCatalogue } from './schema-catalogue.ts';
import type { SchemaFile } from './schema-identity.ts';
import { BINDING_STREAM_OPTIONS } from './stream-options.ts';
import { EXI_COMPRESSION } from './values.ts';

/** The schema of streams, that of EXI's elements, and what the two import. */
const NAMESPACES: readonly string[] = [NS.stream, EXI_COMPRESSION, 'http://www.w3.org/XML/1998/namespace'];

/**
 * What streams on a dedicated port begin with: strict, small string tables, and nothing that grows beside them (EXI Profile).
 * @param schemas among them those of streams and EXI
 * @see XEP-0322 §2.4.3, §3.14
 */
export function bindingSetUp(schemas: readonly SchemaFile[]): AgreedSetUp {
  const files = schemas.filter(({ ns }) => NAMESPACES.includes(ns));
  const grammars = buildGrammars(new SchemaCatalogue(files).compile(files));
  const configuration = { options: BINDING_STREAM_OPTIONS, datatypeRepresentationMap: [] };
  return new AgreedSetUp(configuration, grammars, { usesProfile: true });
}
