import type { Element } from '@thingward/xml';
import { BitReader, IncompleteInput } from './bits/bit-reader.ts';
import { BodyDecoder } from './body-decoder.ts';
import { completeOptions } from './complete-options.ts';
import { ElementReader } from './element-reader.ts';
import { ExiError } from './error.ts';
import type { ExiEvent } from './events.ts';
import { EVENT } from './grammar/event.ts';
import { type Grammars, SCHEMA_LESS } from './grammar/grammars.ts';
import { readHeader } from './header.ts';
import { DEFAULT_LIMITS, type ExiLimits } from './limits.ts';
import type { ExiOptions, ExiOptionsInput } from './options.ts';
import type { Name } from './string-table/name.ts';

/** What documents are coded by. */
export interface ExiConfiguration {
  readonly options: ExiOptionsInput;
  readonly grammars: Grammars;
}

export interface ExiDecoderSettings {
  /** Where the header tells none. */
  readonly options?: ExiOptionsInput | undefined;
  /** Those of the schema, where the header names none; without: schema-less. */
  readonly grammars?: Grammars | undefined;
  /** Finds the grammars of a schemaId told in a header ('' is XML Schema's own types); undefined when it is not known. */
  readonly resolveSchema?: ((schemaId: string) => Grammars | undefined) | undefined;
  /** Finds options and grammars that a schemaId stands for as a whole; asked before `resolveSchema`. @see XEP-0322 §3.15 */
  readonly resolveConfiguration?: ((schemaId: string) => ExiConfiguration | undefined) | undefined;
  /** Before which documents is a header? Default: each. @see XEP-0322 */
  readonly headerBefore?: 'each' | 'first' | 'none' | undefined;
  /** Are strings, names and learned grammars kept from one document to the next? Default: no. @see XEP-0322, sessionWideBuffers */
  readonly keepsTables?: boolean | undefined;
  /**
   * Is the encoder known to keep to the EXI Profile? Then an `xsi:type` of `xs:anyType` at an element that no schema describes stands for
   * nothing, and is left out. Default: no.
   */
  readonly usesProfile?: boolean | undefined;
  readonly limits?: Partial<ExiLimits> | undefined;
}

/**
 * Decodes one document after another from bytes that come in pieces of any size. Push bytes, then take events, or whole elements,
 * until there is none. After an ExiError it is of no use.
 */
export class ExiDecoder {
  readonly #settings: ExiDecoderSettings;
  readonly #limits: ExiLimits;
  readonly #input = new BitReader();
  readonly #headerBefore: 'each' | 'first' | 'none';
  #buffer = new Uint8Array(0);
  #ownsBuffer = false;
  #body: BodyDecoder | undefined;
  #options: ExiOptions | undefined;
  #elements: ElementReader | undefined;
  #isFirst = true;
  #isEnded = false;
  /** Offset in the buffer without which trying again is useless. */
  #needed = 0;

  constructor(settings: ExiDecoderSettings = {}) {
    this.#settings = settings;
    this.#limits = { ...DEFAULT_LIMITS, ...settings.limits };
    this.#headerBefore = settings.headerBefore ?? 'each';
  }

  /** The options of the document at hand, known once its header was read. */
  get options(): ExiOptions | undefined {
    return this.#options;
  }

  /** Bytes that were pushed and are not yet part of an event. */
  get pendingBytes(): number {
    return this.#input.end - this.#input.at;
  }

  /** Bytes read since the beginning, those of which a part was read among them. */
  get readBytes(): number {
    const { before, at, bit } = this.#input;
    return before + at + (bit > 0 ? 1 : 0);
  }

  /** Sets other limits from the next document on, as when the other side has authenticated. Those of tables that are kept stay. */
  limit(limits: Partial<ExiLimits>): void {
    Object.assign(this.#limits, limits);
  }

  /** Is a document begun and not ended? */
  get isInside(): boolean {
    return this.#body?.isInside ?? false;
  }

  /** Adds bytes. The chunk must not be changed while they are pending. */
  push(chunk: Uint8Array): void {
    const input = this.#input;
    const pending = input.end - input.at;
    if (pending === 0 && input.bit === 0) {
      input.before += input.at;
      input.bytes = chunk;
      input.at = 0;
      input.end = chunk.length;
      this.#ownsBuffer = false;
      this.#needed = 0;
      return;
    }
    if (pending + chunk.length > this.#limits.maxBufferedBytes) {
      throw new ExiError('limit', `more than ${this.#limits.maxBufferedBytes} bytes wait for the rest`, input.position);
    }
    if (!this.#ownsBuffer || input.end + chunk.length > this.#buffer.length) {
      if (!this.#ownsBuffer || pending + chunk.length > this.#buffer.length / 2) {
        this.#buffer = new Uint8Array(Math.max((pending + chunk.length) * 2, 1024));
      }
      this.#buffer.set(input.bytes.subarray(input.at, input.end));
      this.#needed -= input.at;
      input.before += input.at;
      input.at = 0;
      input.end = pending;
      input.bytes = this.#buffer;
      this.#ownsBuffer = true;
    }
    this.#buffer.set(chunk, input.end);
    input.end += chunk.length;
  }

  /** Takes out the bytes that are not yet part of an event: what follows is something else. */
  takePending(): Uint8Array {
    const input = this.#input;
    const rest = input.bytes.slice(input.at, input.end);
    input.at = input.end;
    return rest;
  }

  /** Says that no more bytes will come. */
  end(): void {
    this.#isEnded = true;
    this.#needed = 0;
  }

  /**
   * The next event; undefined when more bytes are needed.
   * @throws ExiError
   */
  next(): ExiEvent | undefined {
    return this.#attempt(() => {
      const body = this.#document();
      return eventOf(body.next(), body);
    });
  }

  /**
   * The next element: the root of the next document, or the next of a fragment; undefined when more bytes are needed.
   * @throws ExiError
   */
  nextElement(): Element | undefined {
    return this.#attempt(() => {
      for (;;) {
        this.#document();
        const element = (this.#elements as ElementReader).read();
        if (element !== undefined) this.#finish();
        if (element !== undefined || this.pendingBytes === 0) return element;
      }
    });
  }

  /** Reads the end of a document whose root was read, where it is there, so that nothing of it is pending. */
  #finish(): void {
    if (this.#options?.fragment) return;
    try {
      (this.#elements as ElementReader).read();
    } catch (error) {
      if (!(error instanceof IncompleteInput)) throw error;
    }
  }

  #attempt<Result>(work: () => Result): Result | undefined {
    const input = this.#input;
    if (input.end < this.#needed || (input.at === input.end && input.bit === 0 && !this.isInside)) {
      return undefined;
    }
    try {
      return work();
    } catch (error) {
      if (!(error instanceof IncompleteInput)) throw error;
      if (this.#isEnded) throw new ExiError('incomplete', 'the input ends inside a document', input.position);
      this.#needed = Math.max(input.at + input.needed, input.end + 1);
      return undefined;
    }
  }

  /** The body being read, or the one that begins here. */
  #document(): BodyDecoder {
    if (this.#body?.isInside) return this.#body;
    const { at, bit } = this.#input;
    try {
      return this.#begin();
    } catch (error) {
      this.#input.at = at;
      this.#input.bit = bit;
      throw error;
    }
  }

  #begin(): BodyDecoder {
    const hasHeader = this.#headerBefore === 'each' || (this.#headerBefore === 'first' && this.#isFirst);
    const told = hasHeader ? readHeader(this.#input) : undefined;
    const known = this.#body;
    if (known !== undefined && told === undefined && this.#isDefault) {
      if (this.#options?.alignment !== 'bit-packed') this.#input.align();
      if (!this.#settings.keepsTables) known.clear();
      return known;
    }
    const configuration = this.#configurationOf(told);
    const options = completeOptions(configuration.options);
    if (options.alignment !== 'bit-packed') this.#input.align();
    const body = new BodyDecoder(this.#input, {
      grammars: configuration.grammars,
      options,
      limits: this.#limits,
      isIncremental: true,
      isPadded: true,
      usesProfile: this.#settings.usesProfile ?? false,
    });
    this.#body = body;
    this.#isDefault = told === undefined || this.#headerBefore !== 'each';
    this.#options = options;
    this.#elements = new ElementReader(body, () => this.#input.position);
    this.#isFirst = false;
    return body;
  }

  /** Was the body made for the settings, or for a header that counts for all documents? */
  #isDefault = false;

  #configurationOf(told: ExiOptionsInput | undefined): ExiConfiguration {
    const { resolveConfiguration, options = {} } = this.#settings;
    const known = typeof told?.schemaId === 'string' ? resolveConfiguration?.(told.schemaId) : undefined;
    return known ?? { options: told ?? options, grammars: this.#grammarsOf(told) };
  }

  #grammarsOf(told: ExiOptionsInput | undefined): Grammars {
    const { grammars = SCHEMA_LESS, resolveSchema } = this.#settings;
    const schemaId = told?.schemaId;
    if (schemaId === undefined) return grammars;
    if (schemaId === null) return SCHEMA_LESS;
    const found = resolveSchema?.(schemaId);
    if (found === undefined) {
      throw new ExiError('unsupported', `the schema "${schemaId}" is not known`, this.#input.position);
    }
    return found;
  }
}

function eventOf(event: number, body: BodyDecoder): ExiEvent {
  const { name, prefix, value, details } = body;
  const { namespace = '', local = '' } = name ?? {};
  switch (event) {
    case EVENT.startDocument:
      return { kind: 'startDocument' };
    case EVENT.endDocument:
      return { kind: 'endDocument' };
    case EVENT.element:
      return { kind: 'startElement', namespace, name: local, prefix };
    case EVENT.endElement:
      return { kind: 'endElement' };
    case EVENT.attribute:
      return { kind: 'attribute', namespace, name: (name as Name).local, prefix, value };
    case EVENT.namespace:
      return {
        kind: 'namespace',
        prefix: prefix ?? '',
        namespace: body.namespace,
        isElementPrefix: body.isElementPrefix,
      };
    case EVENT.text:
      return { kind: 'text', text: value };
    case EVENT.comment:
      return { kind: 'comment', text: value };
    case EVENT.processingInstruction:
      return { kind: 'processingInstruction', target: value, data: details[0] ?? '' };
    case EVENT.docType:
      return {
        kind: 'docType',
        name: value,
        publicId: details[0] ?? '',
        systemId: details[1] ?? '',
        text: details[2] ?? '',
      };
    case EVENT.entityReference:
      return { kind: 'entityReference', name: value };
    default:
      return { kind: 'selfContained' };
  }
}
