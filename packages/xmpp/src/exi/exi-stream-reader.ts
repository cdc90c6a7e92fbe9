import { ExiDecoder, ExiError, type ExiLimits } from '@thingward/exi';
import { type CodedElement, type Element, Frame, type StreamEvent, XmlError, xml } from '@thingward/xml';
import { NS } from '../namespaces.ts';
import type { StreamInput } from '../stream/stream-input.ts';
import { StreamError } from '../stream-error.ts';
import type { AgreedSetUp } from './agreed-setup.ts';
import { decodeExiStreamStart, isExiStreamEnd } from './stream-elements.ts';
import { EXI_COMPRESSION } from './values.ts';

export interface ExiStreamReaderOptions {
  readonly setUp: AgreedSetUp;
  /** Characters of one element when it is written as XML; may be changed on the way. */
  readonly maxElementBytes: number;
  /** Nesting of elements. */
  readonly maxDepth?: number;
  /**
   * On a dedicated port each stream begins with a header, which may name another set-up (its schemaId).
   * @see XEP-0322 §2.4, §3.15
   */
  readonly header?: { readonly find: (schemaId: string) => AgreedSetUp | undefined } | undefined;
  /** Are the bytes of elements kept beside them, so that they can be forwarded as they came? */
  readonly keepsBytes?: boolean;
}

const MAX_DEPTH = 128;
/** Of strings and names, those of the schemas among them, and of what built-in grammars learn: also where they are kept. */
const MAX_TABLE_ENTRIES = 20_000;
const NOTHING = new Uint8Array(0);

/** The set-up a stream asks for is not known. @see XEP-0322 §3.15 */
export class UnknownSetUpError extends Error {
  override readonly name = 'UnknownSetUpError';
}

/**
 * Makes of the bytes of an EXI stream what a `StreamReader` makes of those of an XML stream: its header, its elements, its end. While
 * nothing of an element is there it holds no decoder, unless strings are kept from element to element.
 * @see XEP-0322 §2.3, §3.4
 */
export class ExiStreamReader implements StreamInput {
  readonly #options: ExiStreamReaderOptions;
  #maxElementBytes: number;
  #setUp: AgreedSetUp;
  /** The schemaId that its header has named. */
  #named: string | undefined;
  #expectsHeader: boolean;
  #decoder: ExiDecoder | undefined;
  /** Is the decoder one of the set-up's, to be given back? */
  #isBorrowed = false;
  #chunk: Uint8Array = NOTHING;
  /** Where the chunk begins, in bytes the decoder has been given. */
  #chunkStart = 0;
  #given = 0;

  constructor(options: ExiStreamReaderOptions) {
    this.#options = options;
    this.#setUp = options.setUp;
    this.#expectsHeader = options.header !== undefined;
    this.#maxElementBytes = options.maxElementBytes;
  }

  get maxElementBytes(): number {
    return this.#maxElementBytes;
  }

  set maxElementBytes(bytes: number) {
    this.#maxElementBytes = bytes;
    this.#decoder?.limit(this.#limits);
  }

  get #limits(): Partial<ExiLimits> {
    return exiLimits(this.#maxElementBytes, this.#options.maxDepth ?? MAX_DEPTH);
  }

  /** What its stanzas are coded by: what it was made with, or what the header has named. */
  get setUp(): AgreedSetUp {
    return this.#setUp;
  }

  /** The schemaId in the stream's header; undefined where it has none. */
  get named(): string | undefined {
    return this.#named;
  }

  /** Bytes of an element that is not complete, or 1 where they were taken in already. */
  get pendingBytes(): number {
    if (!this.#decoder) return 0;
    return this.#decoder.pendingBytes || (this.#decoder.isInside ? 1 : 0);
  }

  /** Expects a new stream next. On a dedicated port it has a header of its own. @see XEP-0322 §2.4 */
  restart(): void {
    if (!this.#options.header) return;
    const rest = this.takePending();
    this.#expectsHeader = true;
    this.#named = undefined;
    this.push(rest);
  }

  /** Takes out the bytes that are not yet part of an event. */
  takePending(): Uint8Array {
    const rest = this.#decoder?.takePending() ?? NOTHING;
    this.#release();
    return rest;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#decoder ??= this.#newDecoder();
    this.#chunk = chunk;
    this.#chunkStart = this.#given;
    this.#given += chunk.length;
    this.#guard(() => this.#decoder?.push(chunk));
  }

  /** The next event; undefined when more bytes are needed. @throws XmlError, UnknownSetUpError; it is of no use afterwards */
  next(): StreamEvent | undefined {
    const decoder = this.#decoder;
    if (!decoder) return undefined;
    const from = decoder.readBytes;
    const element = this.#guard(() => decoder.nextElement());
    if (!element) {
      if (this.pendingBytes === 0 && this.#setUp.isStateless) this.#release();
      return undefined;
    }
    this.#expectsHeader = false;
    if (element.is('streamStart', EXI_COMPRESSION)) return this.#guard(() => this.#opened(element));
    if (isExiStreamEnd(element)) return { kind: 'close' };
    const frame = Frame.written(element, NS.client, this.#bytesSince(from, decoder.readBytes));
    if (frame.bytes.length > this.maxElementBytes) throw this.#tooLarge(from);
    return { kind: 'frame', frame };
  }

  #opened(element: Element): StreamEvent {
    const { namespaces, from, to, id, version, lang } = decodeExiStreamStart(element);
    const bindings = { '': NS.client, ...Object.fromEntries(namespaces) };
    return {
      kind: 'open',
      header: xml('stream', { xmlns: NS.stream, from, to, id, version, 'xml:lang': lang }),
      bindings,
    };
  }

  /** Undefined unless they came in one piece, as they mostly do. */
  #bytesSince(from: number, to: number): CodedElement | undefined {
    if (!this.#options.keepsBytes || !this.#setUp.isStateless || from < this.#chunkStart) return undefined;
    const bytes = this.#chunk.slice(from - this.#chunkStart, to - this.#chunkStart);
    return { coding: this.#setUp, bytes };
  }

  #newDecoder(): ExiDecoder {
    const { setUp } = this;
    const limits = this.#limits;
    this.#given = 0;
    this.#isBorrowed = !this.#expectsHeader && setUp.isStateless;
    if (this.#isBorrowed) {
      const decoder = setUp.borrowDecoder(limits);
      this.#given = decoder.readBytes;
      return decoder;
    }
    return new ExiDecoder({
      grammars: setUp.grammars,
      options: setUp.codec,
      usesProfile: setUp.usesProfile,
      headerBefore: this.#expectsHeader ? 'first' : 'none',
      keepsTables: !setUp.isStateless,
      resolveConfiguration: (schemaId) => this.#find(schemaId),
      limits,
    });
  }

  #find(schemaId: string): { options: AgreedSetUp['codec']; grammars: AgreedSetUp['grammars'] } {
    const found = this.#options.header?.find(schemaId);
    if (!found) throw new UnknownSetUpError(`the set-up ${schemaId} is not known`);
    this.#setUp = found;
    this.#named = schemaId;
    return { options: found.codec, grammars: found.grammars };
  }

  #release(): void {
    if (this.#isBorrowed && this.#decoder && this.pendingBytes === 0) this.#setUp.giveBack(this.#decoder);
    this.#decoder = undefined;
    this.#chunk = NOTHING;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#isBorrowed = false;
      if (error instanceof StreamError)
        throw new XmlError('not-well-formed', error.message, this.#decoder?.readBytes ?? 0);
      if (!(error instanceof ExiError)) throw error;
      const offset = Math.floor(error.bit / 8);
      if (error.code === 'limit') throw this.#tooLarge(offset, error.detail);
      throw new XmlError('not-well-formed', `EXI: ${error.detail}`, offset);
    }
  }

  #tooLarge(offset: number, why = 'as XML'): XmlError {
    return new XmlError('too-large', `an element is longer than ${this.maxElementBytes} bytes: ${why}`, offset);
  }
}

/** What one element may take: not more than it would as XML. */
function exiLimits(maxBytes: number, maxDepth: number): Partial<ExiLimits> {
  return {
    maxDepth,
    maxValueLength: maxBytes,
    maxListItems: maxBytes,
    maxEvents: maxBytes,
    maxCharacters: maxBytes,
    maxInflatedBytes: maxBytes,
    maxBufferedBytes: maxBytes,
    maxStringTableEntries: MAX_TABLE_ENTRIES,
    maxLearnedProductions: MAX_TABLE_ENTRIES,
  };
}
