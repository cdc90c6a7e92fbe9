import {
  type DatatypeRepresentation,
  ExiDecoder,
  ExiEncoder,
  type ExiLimits,
  type ExiOptionsInput,
  type Grammars,
} from '@thingward/exi';
import type { Element } from '@thingward/xml';
import { inNamespaceOrder } from './schema-identity.ts';
import type { DatatypeMapping, StreamConfiguration } from './setup.ts';
import { codecOptions, type StreamOptions } from './stream-options.ts';

const PREFIXES: Readonly<Record<string, string>> = {
  xs: 'http://www.w3.org/2001/XMLSchema',
  xsd: 'http://www.w3.org/2001/XMLSchema',
  exi: 'http://www.w3.org/2009/exi',
};

/** Decoders kept for the next stanza of whoever. Streams that are silent hold none. */
const MAX_SPARE_DECODERS = 32;

/**
 * A configuration both sides of a stream know, with the grammars of its schemas: what their stanzas are coded by. All streams of one
 * configuration share one object, and with it its encoder and decoders, unless they keep strings from stanza to stanza.
 * @see XEP-0322 §2.2
 */
export class AgreedSetUp {
  readonly options: StreamOptions;
  readonly datatypeRepresentationMap: readonly DatatypeMapping[];
  readonly grammars: Grammars;
  /** Does nothing grow with what is coded, beside string tables? @see XEP-0322 §2.4.3, EXI Profile */
  readonly usesProfile: boolean;
  /** The same for the codec. */
  readonly codec: ExiOptionsInput;
  readonly #spare: ExiDecoder[] = [];
  #encoder: ExiEncoder | undefined;

  constructor(
    { options, datatypeRepresentationMap }: Omit<StreamConfiguration, 'schemas'>,
    grammars: Grammars,
    { usesProfile = false } = {},
  ) {
    this.usesProfile = usesProfile;
    this.options = options;
    this.datatypeRepresentationMap = datatypeRepresentationMap;
    this.grammars = grammars;
    this.codec = {
      ...codecOptions(options),
      datatypeRepresentationMap: datatypeRepresentationMap.map(representationOf),
    };
  }

  /** Can a stanza be read without those before it? */
  get isStateless(): boolean {
    return !this.options.sessionWideBuffers;
  }

  /** A stanza as a document without header. @throws ExiError `not-encodable` under strict schemas that have no place for it */
  encode(element: Element): Uint8Array {
    this.#encoder ??= new ExiEncoder({ ...this.#settings, header: false });
    return this.#encoder.encodeElement(element);
  }

  get #settings() {
    const { grammars, codec: options, usesProfile } = this;
    return { grammars, options, usesProfile };
  }

  /** A decoder of documents without headers, for one that is to be given back. */
  borrowDecoder(limits: Partial<ExiLimits>): ExiDecoder {
    const decoder = this.#spare.pop() ?? new ExiDecoder({ ...this.#settings, headerBefore: 'none' });
    decoder.limit(limits);
    return decoder;
  }

  /** It must have nothing left to read, and have met no error. */
  giveBack(decoder: ExiDecoder): void {
    if (this.#spare.length < MAX_SPARE_DECODERS) this.#spare.push(decoder);
  }
}

/** A text that is the same for configurations that are the same, whatever the order of their schemas. */
export function configurationText({ options, schemas, datatypeRepresentationMap }: StreamConfiguration): string {
  const names = inNamespaceOrder(schemas).map(({ ns, bytes, md5Hash }) => [ns, bytes, md5Hash]);
  const mappings = datatypeRepresentationMap.map(({ type, representAs }) => [type, representAs]);
  const values = Object.entries(options).filter(([, value]) => value !== undefined);
  return JSON.stringify([values.sort(([a], [b]) => (a < b ? -1 : 1)), names, mappings]);
}

/** How names are written is nowhere said: `{namespace}name`, `namespace#name` and the usual prefixes are understood. @see XEP-0322 §7 */
function representationOf({ type, representAs }: DatatypeMapping): DatatypeRepresentation {
  return { type: qualifiedName(type), representation: qualifiedName(representAs) };
}

function qualifiedName(text: string): { namespace: string; name: string } {
  const [, namespace = '', name = text] = /^\{(.*)\}(.+)$/.exec(text) ?? /^(.*)[#:]([^#:]+)$/.exec(text) ?? [];
  return { namespace: PREFIXES[namespace] ?? namespace, name };
}
