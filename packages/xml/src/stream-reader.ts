import type { Element } from './element.ts';
import { XmlError } from './error.ts';
import { Frame, HeadReader } from './frame.ts';
import { FrameEnd } from './frame-end.ts';
import { NamespaceScope } from './namespaces.ts';
import { declarationLength, TreeBuilder } from './parse.ts';
import { DEFAULT_SCAN_LIMITS, ElementScanner, INCOMPLETE, type ScanLimits } from './scanner.ts';
import { decodeUtf8 } from './text.ts';

export interface StreamLimits extends ScanLimits {
  /** Bytes of the stream header, XML declaration included. */
  readonly maxHeaderBytes: number;
  /** Bytes of one top-level element. */
  readonly maxElementBytes: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  ...DEFAULT_SCAN_LIMITS,
  maxHeaderBytes: 4096,
  maxElementBytes: 262_144,
};

/** What a stream consists of, in order: its header, top-level elements, its end. */
export type StreamEvent =
  | { readonly kind: 'open'; readonly header: Element; readonly bindings: Readonly<Record<string, string>> }
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'close' };

/**
 * Cuts the bytes of an XMPP stream (RFC 6120 §4.2) into its header, its top-level elements and its end. Push bytes as they
 * come, then pull events until there is none. Holds at most one unfinished element, within the limits.
 */
export class StreamReader {
  readonly #limits: StreamLimits;
  /** Bytes of one top-level element; may be changed on the way, as when the other side has authenticated. */
  maxElementBytes: number;
  readonly #scanner: ElementScanner;
  readonly #head = new HeadReader();
  readonly #frameEnd = new FrameEnd();
  #buffer: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #ownsBuffer = false;
  #consumed = 0;
  #searching = false;
  #beforeHeader = true;
  /** Name of the stream's root as it was written, prefix included. */
  #root = new Uint8Array(0);
  #scope = new NamespaceScope();
  #bindings: Readonly<Record<string, string>> = {};

  constructor(limits: Partial<StreamLimits> = {}) {
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...limits };
    this.maxElementBytes = this.#limits.maxElementBytes;
    this.#scanner = scannerWithin(this.#limits);
  }

  /** Bytes that were pushed and are not yet part of an event. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Expects a new stream header next, as after SASL negotiation (RFC 6120 §4.3.3). Bytes already pushed stay. */
  restart(): void {
    this.#beforeHeader = true;
    this.#searching = false;
  }

  /** Takes out the bytes that are not yet part of an event: what follows is not XML. */
  takePending(): Uint8Array {
    const rest = this.#pending().slice();
    this.#start = this.#end;
    return rest;
  }

  /** Adds bytes. The chunk must not be changed afterwards: frames may be slices of it. */
  push(chunk: Uint8Array): void {
    const pending = this.#end - this.#start;
    if (pending === 0) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#ownsBuffer = false;
      return;
    }
    const needed = this.#end + chunk.length;
    if (!this.#ownsBuffer || needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max((pending + chunk.length) * 2, 1024));
      grown.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = grown;
      this.#end = pending;
      this.#start = 0;
      this.#ownsBuffer = true;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The next event; undefined when more bytes are needed.
   * @throws XmlError with the offset counted from the start of the connection; the reader is of no use afterwards
   */
  next(): StreamEvent | undefined {
    this.#skipSpace();
    if (this.#start === this.#end) return undefined;
    const before = this.#consumed;
    const from = this.#start;
    try {
      const event = this.#beforeHeader ? this.#readHeader() : this.#readElement();
      this.#consumed = before + (this.#start - from);
      return event;
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      const detail = error.message.replace(/ \(at byte \d+\)$/, '');
      throw new XmlError(error.code, detail, error.offset + before);
    }
  }

  #readHeader(): StreamEvent | undefined {
    const bytes = this.#pending();
    const limit = this.#limits.maxHeaderBytes;
    if (bytes[0] !== 0x3c) {
      // UTF-16 and UTF-32 with a byte order mark begin so.
      const isOtherEncoding = bytes[0] === 0 || bytes[0] === 0xfe || bytes[0] === 0xff;
      throw new XmlError(isOtherEncoding ? 'unsupported-encoding' : 'not-well-formed', 'expected <', 0);
    }
    let at = 0;
    if (bytes[1] === 0x3f) {
      const close = bytes.indexOf(0x3e);
      if (close === -1) return this.#tooLarge(limit, 'stream header');
      at = declarationLength(bytes, 0, bytes.length);
      while (at < bytes.length && isSpace(bytes[at])) at++;
      if (at === bytes.length) return this.#tooLarge(limit, 'stream header');
      if (bytes[at] !== 0x3c) throw new XmlError('not-well-formed', 'expected <', at);
    }
    const scope = new NamespaceScope();
    const builder = new TreeBuilder();
    const bindings: Record<string, string> = {};
    let root = new Uint8Array(0);
    const end = this.#scanner.scan(
      bytes,
      at,
      bytes.length,
      {
        open: (scanner) => {
          builder.open(scanner);
          root = bytes.slice(scanner.nameStart, scanner.nameEnd);
          for (let i = 0; i < scanner.attributeCount; i++) {
            const prefix = scanner.declaredPrefix(i);
            if (prefix !== undefined) bindings[prefix] = scanner.attributeValue(i);
          }
        },
        text: () => {},
        cdata: () => {},
        close: () => {},
      },
      scope,
      1,
    );
    if (end === INCOMPLETE) return this.#tooLarge(limit, 'stream header');
    if (end > limit) throw new XmlError('too-large', `the stream header is longer than ${limit} bytes`, limit);
    this.#start += end;
    this.#beforeHeader = false;
    this.#root = root;
    this.#bindings = bindings;
    this.#scope = new NamespaceScope(bindings);
    const header = builder.take();
    if (bytes[end - 2] === 0x2f)
      throw new XmlError('not-well-formed', 'the stream header is an empty element', end - 2);
    return { kind: 'open', header, bindings };
  }

  #readElement(): StreamEvent | undefined {
    const bytes = this.#pending();
    if (bytes[0] !== 0x3c) throw new XmlError('not-well-formed', 'text between stanzas', 0);
    const limit = this.maxElementBytes;
    if (bytes[1] === 0x2f) return this.#readClose(bytes);
    if (this.#searching) {
      const found = this.#frameEnd.find(bytes);
      if (found === -1) return this.#tooLarge(limit, 'element');
      this.#searching = false;
    }
    const end = this.#scanner.scan(bytes, 0, bytes.length, this.#head, this.#scope);
    if (end === INCOMPLETE) {
      this.#frameEnd.reset();
      this.#searching = true;
      const found = this.#frameEnd.find(bytes);
      if (found !== -1) throw new XmlError('not-well-formed', 'the element does not end where its tags do', found);
      return this.#tooLarge(limit, 'element');
    }
    if (end > limit) throw new XmlError('too-large', `an element is longer than ${limit} bytes`, limit);
    this.#start += end;
    const selfContained = !this.#scanner.usesOuterPrefix;
    return {
      kind: 'frame',
      frame: new Frame(bytes.subarray(0, end), this.#head.take(), selfContained, this.#bindings),
    };
  }

  #readClose(bytes: Uint8Array): StreamEvent | undefined {
    const close = bytes.indexOf(0x3e);
    if (close === -1) return this.#tooLarge(this.#limits.maxHeaderBytes, 'end tag');
    let end = close;
    while (isSpace(bytes[end - 1])) end--;
    const isRoot = end - 2 === this.#root.length && this.#root.every((byte, i) => bytes[2 + i] === byte);
    if (!isRoot) {
      const name = decodeUtf8(this.#root, 0, this.#root.length);
      throw new XmlError('not-well-formed', `expected the end tag </${name}>`, 2);
    }
    this.#start += close + 1;
    return { kind: 'close' };
  }

  #tooLarge(limit: number, what: string): undefined {
    if (this.#end - this.#start > limit) {
      throw new XmlError('too-large', `the ${what} is longer than ${limit} bytes`, limit);
    }
    return undefined;
  }

  #pending(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** White space between elements keeps connections alive (RFC 6120 §4.6.1) and means nothing. */
  #skipSpace(): void {
    const from = this.#start;
    while (this.#start < this.#end && isSpace(this.#buffer[this.#start])) this.#start++;
    this.#consumed += this.#start - from;
  }
}

const scanners = new Map<string, ElementScanner>();

/** A scanner keeps nothing from one scan to the next and is never interrupted by another, so readers share those with the same limits. */
function scannerWithin({ maxDepth, maxAttributes }: ScanLimits): ElementScanner {
  const key = `${maxDepth} ${maxAttributes}`;
  const known = scanners.get(key);
  if (known) return known;
  const scanner = new ElementScanner({ maxDepth, maxAttributes });
  scanners.set(key, scanner);
  return scanner;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d;
}
