import type { Element } from '@thingward/xml';
import { BitWriter } from './bits/bit-writer.ts';
import { BodyEncoder, type NumberPolicy, type WhiteSpacePolicy } from './body-encoder.ts';
import { completeOptions } from './complete-options.ts';
import type { Deflate } from './compression/deflate.ts';
import { shortestDeflate } from './compression/shortest-deflate.ts';
import { ExiError } from './error.ts';
import type { ExiEvent } from './events.ts';
import { type Grammars, SCHEMA_LESS } from './grammar/grammars.ts';
import { writeHeader } from './header.ts';
import { DEFAULT_LIMITS, type ExiLimits } from './limits.ts';
import type { ExiOptions, ExiOptionsInput } from './options.ts';

export interface ExiEncoderSettings {
  readonly options?: ExiOptionsInput | undefined;
  /** Those of the schema; without: schema-less. */
  readonly grammars?: Grammars | undefined;
  /**
   * What stands before a body: nothing (`false`), a header, a header with `$EXI` before it, a header that tells the options: all of
   * them, or a `schemaId` alone that stands for them (XEP-0322 §3.15). Default: a header that tells nothing.
   */
  readonly header?:
    | false
    | { readonly cookie?: boolean; readonly options?: boolean | { readonly schemaId: string } }
    | undefined;
  /** Before which documents: `each`, or only the `first`, as in an XMPP stream. Default: each. @see XEP-0322 */
  readonly headerBefore?: 'each' | 'first' | undefined;
  /** Are strings, names and learned grammars kept from one document to the next? Default: no. @see XEP-0322, sessionWideBuffers */
  readonly keepsTables?: boolean | undefined;
  /** `preserve` (default) keeps white space wherever the grammars have a place for it; `drop-insignificant` drops what stands between elements. */
  readonly whiteSpace?: WhiteSpacePolicy | undefined;
  /** `as-written` (default) keeps the digits of floating-point numbers: 21.50 comes back as 21.50. `shortest` makes 21.5 of it. */
  readonly numbers?: NumberPolicy | undefined;
  /** For the alignment `compression`. Default: the one of this package, made for short input. `@thingward/exi/node` has one for long input. */
  readonly deflate?: Deflate | undefined;
  /** Which elements are coded self-contained, where the option is set. Default: none. */
  readonly isSelfContained?: ((namespace: string, name: string) => boolean) | undefined;
  /**
   * Spares the decoder's memory: no value is told by what the same name had before, and elements that no schema describes get an
   * `xsi:type` of `xs:anyType`, so that no grammar is learned. Any decoder understands it. Default: no.
   * @see EXI Profile, with localValuePartitions, maximumNumberOfBuiltInElementGrammars and maximumNumberOfBuiltInProductions all 0
   */
  readonly usesProfile?: boolean | undefined;
  readonly limits?: Partial<ExiLimits> | undefined;
}

/** Encodes one document after another: whole elements, or events as they come. */
export class ExiEncoder {
  readonly options: ExiOptions;
  readonly #out = new BitWriter();
  readonly #body: BodyEncoder;
  readonly #header: { readonly cookie: boolean; readonly options: boolean } | undefined;
  /** As the header tells them. */
  readonly #told: ExiOptions;
  readonly #headerBefore: 'each' | 'first';
  readonly #keepsTables: boolean;
  readonly #isReordered: boolean;
  #isFirst = true;
  #isInside = false;

  /** @throws ExiError `options`, `unsupported` */
  constructor(settings: ExiEncoderSettings = {}) {
    const { header = {}, grammars = SCHEMA_LESS } = settings;
    this.options = completeOptions(settings.options ?? {});
    const { cookie = false, options: tells = false } = header || {};
    this.#header = header === false ? undefined : { cookie, options: tells !== false };
    this.#told = typeof tells === 'object' ? completeOptions(tells) : this.options;
    this.#headerBefore = settings.headerBefore ?? 'each';
    this.#keepsTables = settings.keepsTables ?? false;
    this.#isReordered = this.options.alignment === 'compression' || this.options.alignment === 'pre-compression';
    this.#body = new BodyEncoder(this.#out, {
      grammars,
      options: this.options,
      limits: { ...DEFAULT_LIMITS, ...settings.limits },
      whiteSpace: settings.whiteSpace ?? 'preserve',
      numbers: settings.numbers ?? 'as-written',
      deflate: settings.deflate ?? shortestDeflate,
      isSelfContained: settings.isSelfContained,
      usesProfile: settings.usesProfile ?? false,
    });
  }

  /**
   * Encodes a document with this root (or a fragment of these elements).
   * @throws ExiError `not-encodable`; when tables are kept, the encoder is of no use afterwards: the other side has another table
   */
  encodeElement(...elements: Element[]): Uint8Array {
    this.#start();
    try {
      for (const element of elements) this.#body.element(element);
      this.#end();
      return this.#body.take();
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  /**
   * Encodes the next event.
   * @returns bytes that are ready to be sent; reordered documents have none before their end
   * @throws ExiError `not-encodable`
   */
  write(event: ExiEvent): Uint8Array {
    this.#write(event);
    return this.#isReordered && this.#isInside ? new Uint8Array(0) : this.#body.take();
  }

  #write(event: ExiEvent): void {
    try {
      this.#encode(event);
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  #encode(event: ExiEvent): void {
    const body = this.#body;
    if (event.kind === 'startDocument') this.#start();
    else if (!this.#isInside) throw new ExiError('not-encodable', `${event.kind} outside of a document`);
    switch (event.kind) {
      case 'startElement':
        body.startElement(event.namespace, event.name, event.prefix);
        break;
      case 'endElement':
        body.endElement();
        break;
      case 'namespace':
        body.namespaceDeclaration(event.prefix, event.namespace);
        break;
      case 'attribute':
        body.attribute(event.namespace, event.name, event.value, event.prefix);
        break;
      case 'text':
        body.text(event.text);
        break;
      case 'comment':
        body.comment(event.text);
        break;
      case 'processingInstruction':
        body.processingInstruction(event.target, event.data);
        break;
      case 'docType':
        body.docType(event.name, event.publicId, event.systemId, event.text);
        break;
      case 'entityReference':
        body.entityReference(event.name);
        break;
      case 'endDocument':
        this.#end();
        break;
      default:
        break;
    }
  }

  /** Encodes all events of a document. */
  encode(events: Iterable<ExiEvent>): Uint8Array {
    for (const event of events) this.#write(event);
    return this.#body.take();
  }

  #start(): void {
    if (this.#isInside) throw new ExiError('not-encodable', 'a document begins inside another');
    this.#out.clear();
    if (!this.#keepsTables) this.#body.clear();
    if (this.#header && (this.#isFirst || this.#headerBefore === 'each')) {
      writeHeader(this.#out, this.#header, this.#told);
      if (this.options.alignment !== 'bit-packed') this.#out.align();
    }
    this.#isFirst = false;
    this.#isInside = true;
    this.#body.startDocument();
  }

  #end(): void {
    this.#body.endDocument();
    this.#isInside = false;
  }

  #abandon(): void {
    this.#isInside = false;
    this.#out.clear();
  }
}
