import { NS } from '../namespaces.ts';
import type { SchemaFile } from './schema-identity.ts';
import type { StreamConfiguration } from './setup.ts';
import { BINDING_STREAM_OPTIONS } from './stream-options.ts';
import { EXI_COMPRESSION } from './values.ts';

/** The schema of streams, that of EXI's elements, and what the two import. */
const NAMESPACES: readonly string[] = [NS.stream, EXI_COMPRESSION, 'http://www.w3.org/XML/1998/namespace'];

/** What streams on a dedicated port begin with. @param schemas among them those of streams and EXI @see XEP-0322 §2.4.3, §3.14 */
export function bindingConfiguration(schemas: readonly SchemaFile[]): StreamConfiguration {
  return {
    options: BINDING_STREAM_OPTIONS,
    schemas: schemas
      .filter(({ ns }) => NAMESPACES.includes(ns))
      .map(({ ns, bytes, md5Hash }) => ({ ns, bytes, md5Hash })),
    datatypeRepresentationMap: [],
  };
}
