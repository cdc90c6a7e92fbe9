import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ExiDecoder } from '../decoder.ts';
import { ExiEncoder } from '../encoder.ts';
import { ExiError } from '../error.ts';
import type { ExiEvent } from '../events.ts';
import { buildGrammars } from '../grammar/build-grammars.ts';
import { type Grammars, SCHEMA_LESS } from '../grammar/grammars.ts';
import type { Alignment, ExiOptionsInput, Preserve } from '../options.ts';
import { builtInTypes } from '../schema/built-in-types.ts';
import { compileSchema } from '../schema/compile.ts';
import { xmlEvents } from '../xml/xml-events.ts';
import { nodeDeflate } from './deflate.ts';
import { difference, type InfosetOptions, infoset } from './infoset.ts';

/** A document, its options, and the bytes another implementation made of it. */
export interface Vector {
  readonly group: string;
  readonly name: string;
  /** Paths below the manifest. */
  readonly xml: string;
  readonly exi: string;
  /** null: schema-less; '': XML Schema's own types. */
  readonly schema: string | null;
  readonly options: VectorOptions;
  readonly bytes: number;
  /** What decoding gives, where that is not `xml`. */
  readonly decoded: string | null;
  /** Must an encoder give the same bytes, or bytes that mean the same? */
  readonly encode: 'bytes' | 'infoset';
}

export interface VectorOptions {
  readonly alignment: Alignment;
  readonly strict: boolean;
  readonly preserve: Preserve;
  readonly fragment: boolean;
  readonly blockSize: number | null;
  readonly valueMaxLength: number | null;
  readonly valuePartitionCapacity: number | null;
  readonly cookie: boolean;
  readonly optionsInHeader: boolean;
  readonly schemaIdInHeader: boolean;
  readonly schemaId: string | null;
  /** Does the encoder keep to the EXI Profile with all its parameters 0? */
  readonly usesProfile?: boolean;
}

export interface VectorResult {
  readonly vector: Vector;
  /** What went wrong; undefined when nothing did. */
  readonly decodeFailure: string | undefined;
  readonly encodeFailure: string | undefined;
}

/** Reads a manifest of vectors: a JSON array. */
export function readManifest(path: string): readonly Vector[] {
  return JSON.parse(readFileSync(path, 'utf8')) as readonly Vector[];
}

/** Checks every vector of a manifest, decoding and encoding. */
export function* verifyManifest(path: string): Generator<VectorResult> {
  const verifier = new VectorVerifier(dirname(path));
  for (const vector of readManifest(path)) yield verifier.verify(vector);
}

/** Checks vectors; each schema is compiled once. */
export class VectorVerifier {
  readonly #folder: string;
  readonly #grammars = new Map<string, Grammars>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  verify(vector: Vector): VectorResult {
    return {
      vector,
      decodeFailure: failureOf(() => this.#decodes(vector)),
      encodeFailure: failureOf(() => this.#encodes(vector)),
    };
  }

  #decodes(vector: Vector): string | undefined {
    return this.#check(vector, this.#read(vector.exi));
  }

  #encodes(vector: Vector): string | undefined {
    const { options } = vector;
    const encoder = new ExiEncoder({
      options: optionsOf(vector),
      grammars: this.grammarsOf(vector.schema),
      header: { cookie: options.cookie, options: options.optionsInHeader },
      whiteSpace: 'drop-insignificant',
      numbers: 'shortest',
      deflate: nodeDeflate,
      usesProfile: options.usesProfile,
    });
    const bytes = encoder.encode(documentEvents(this.#text(vector.xml), vector));
    const expected = this.#read(vector.exi);
    if (vector.encode === 'bytes') {
      if (Buffer.compare(bytes, expected) === 0) return undefined;
      const at = expected.findIndex((byte, i) => byte !== bytes[i]);
      return `${bytes.length} bytes, expected ${expected.length}; they differ at byte ${at}`;
    }
    if (bytes.length > expected.length) return `${bytes.length} bytes, expected at most ${expected.length}`;
    return this.#check(vector, bytes);
  }

  #check(vector: Vector, bytes: Uint8Array): string | undefined {
    const keep = keptOf(vector);
    const expected = infoset(documentEvents(this.#text(vector.decoded ?? vector.xml), vector), keep);
    return difference(infoset(this.#decode(vector, bytes), keep), expected);
  }

  #decode(vector: Vector, bytes: Uint8Array): readonly ExiEvent[] {
    const grammars = this.grammarsOf(vector.schema);
    const decoder = new ExiDecoder({
      options: optionsOf(vector),
      grammars,
      resolveSchema: (schemaId) => (schemaId === (vector.options.schemaId ?? '') ? grammars : undefined),
      usesProfile: vector.options.usesProfile,
    });
    decoder.push(bytes);
    decoder.end();
    const events: ExiEvent[] = [];
    for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
    if (events.at(-1)?.kind !== 'endDocument') throw new ExiError('incomplete', 'the document does not end');
    return events;
  }

  /** The grammars of a vector's schema. */
  grammarsOf(schema: string | null): Grammars {
    if (schema === null) return SCHEMA_LESS;
    const known = this.#grammars.get(schema);
    if (known !== undefined) return known;
    const components =
      schema === '' ? builtInTypes() : compileSchema([this.#document(schema)], { resolve: this.#resolve });
    const grammars = buildGrammars(components);
    this.#grammars.set(schema, grammars);
    return grammars;
  }

  readonly #resolve = (location: string | undefined) =>
    location === undefined ? undefined : this.#document(`schemas/${location}`);

  #document(path: string) {
    return { location: path.replace(/^schemas\//, ''), bytes: this.#read(path) };
  }

  #read(path: string): Uint8Array {
    return readFileSync(join(this.#folder, path));
  }

  #text(path: string): string {
    return readFileSync(join(this.#folder, path), 'utf8');
  }
}

function failureOf(check: () => string | undefined): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

function optionsOf({ options, schema }: Vector): ExiOptionsInput {
  return {
    alignment: options.alignment,
    strict: options.strict,
    preserve: options.preserve,
    fragment: options.fragment,
    blockSize: options.blockSize ?? undefined,
    valueMaxLength: options.valueMaxLength ?? undefined,
    valuePartitionCapacity: options.valuePartitionCapacity ?? undefined,
    schemaId: options.schemaIdInHeader ? (schema === null ? null : (options.schemaId ?? '')) : undefined,
  };
}

function keptOf({ options: { preserve } }: Vector): InfosetOptions {
  return preserve;
}

/** The events of a document; of a fragment those inside its root. */
function documentEvents(text: string, { options }: Vector): readonly ExiEvent[] {
  const events = [...xmlEvents(text)];
  if (!options.fragment) return events;
  const first = events.findIndex(({ kind }) => kind === 'startElement');
  let inside = first + 1;
  while (events[inside]?.kind === 'namespace' || events[inside]?.kind === 'attribute') inside++;
  const last = events.findLastIndex(({ kind }) => kind === 'endElement');
  return [{ kind: 'startDocument' }, ...events.slice(inside, last), { kind: 'endDocument' }];
}
