import { compileSchema, type SchemaComponents, type SchemaLimits } from '@thingward/exi';
import { canonicalSchema, isSameSchema, type SchemaFile, type SchemaIdentity } from './schema-identity.ts';

/** Schemas that were asked for but are not in a catalogue. */
export class MissingSchemaError extends Error {
  override readonly name = 'MissingSchemaError';
  readonly missing: readonly SchemaIdentity[];

  constructor(missing: readonly SchemaIdentity[]) {
    super(`no schema for ${missing.map(({ ns, md5Hash }) => `${ns} (${md5Hash})`).join(', ')}`);
    this.missing = missing;
  }
}

/** Schema documents by what they are known by; of one namespace there can be several versions. */
export class SchemaCatalogue {
  readonly #byHash = new Map<string, SchemaFile>();
  /** The first one of each namespace is the one of this product. */
  readonly #byNamespace = new Map<string, SchemaFile>();

  constructor(schemas: Iterable<SchemaFile> = []) {
    for (const schema of schemas) this.add(schema);
  }

  get size(): number {
    return this.#byHash.size;
  }

  /** The schemas, in the order they were added. */
  [Symbol.iterator](): Iterator<SchemaFile> {
    return this.#byHash.values();
  }

  /** Adds a schema; one that is there already stays. */
  add(schema: SchemaFile): void {
    const key = hashKey(schema);
    if (this.#byHash.has(key)) return;
    this.#byHash.set(key, schema);
    if (!this.#byNamespace.has(schema.ns)) this.#byNamespace.set(schema.ns, schema);
  }

  /** Exactly this version. */
  get(identity: SchemaIdentity): SchemaFile | undefined {
    const found = this.#byHash.get(hashKey(identity));
    return found && isSameSchema(found, identity) ? found : undefined;
  }

  /** The version of a namespace that was added first. */
  forNamespace(ns: string): SchemaFile | undefined {
    return this.#byNamespace.get(ns);
  }

  /**
   * Compiles the canonical schema of these, and of no others: what they import has to be among them, so that both sides get the same.
   * Where a declaration and a wildcard would both do, the declaration does: the weak wildcards that XEP-0322 §3.13.1 recommends.
   * @throws MissingSchemaError
   * @throws SchemaError
   */
  compile(identities: readonly SchemaIdentity[], limits?: Partial<SchemaLimits>): SchemaComponents {
    const missing = identities.filter((identity) => !this.get(identity));
    if (missing.length > 0) throw new MissingSchemaError(missing);
    const chosen = new Map<string, SchemaFile>();
    for (const identity of identities) {
      const file = this.get(identity) as SchemaFile;
      const other = chosen.get(file.ns);
      if (other && other !== file) throw new MissingSchemaError([identity]);
      chosen.set(file.ns, file);
    }
    return compileSchema([canonicalSchema([...chosen.values()])], {
      resolve: (_, namespace) => {
        const file = chosen.get(namespace);
        return file && { location: file.location, bytes: file.contents };
      },
      ambiguity: 'tolerate',
      limits,
    });
  }
}

function hashKey({ ns, bytes, md5Hash }: SchemaIdentity): string {
  return `${md5Hash} ${bytes} ${ns}`;
}
