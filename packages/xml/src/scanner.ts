/*
 * The one validating pass: checks that bytes are one well-formed, namespace-well-formed element of restricted XML
 * (RFC 6120 §11.1: no comments, processing instructions, DTDs or foreign entities) and reports what it meets as byte
 * offsets, so that a handler that wants nothing pays for nothing. Input is contiguous; when it ends early the answer
 * is INCOMPLETE, never a guess.
 */
import {
  AMPERSAND,
  BYTE_CLASS,
  CLOSE_BRACKET,
  codePointAt,
  ILLEGAL,
  illegalByte,
  isAsciiName,
  isWideName,
  LESS_THAN,
  MULTI_BYTE,
  SPECIAL_SPACE,
  utf8Length,
} from './characters.ts';
import { XmlError } from './error.ts';
import { NamespaceScope, XML_NAMESPACE, XMLNS_NAMESPACE } from './namespaces.ts';
import { decodeAttribute, decodeUtf8, resolveReference } from './text.ts';

/** The input ended before the element did. */
export const INCOMPLETE = -1;

/** What may not be exceeded by one element. */
export interface ScanLimits {
  /** Nesting of elements, the outermost counted as 1. */
  readonly maxDepth: number;
  /** Attributes of one element, namespace declarations included. */
  readonly maxAttributes: number;
}

export const DEFAULT_SCAN_LIMITS: ScanLimits = { maxDepth: 128, maxAttributes: 64 };

/** Receives the parts of an element in document order. Offsets refer to `scanner.bytes`. */
export interface ScanHandler {
  /** A start tag; its name and attributes are in the scanner until this returns. The outermost element has depth 0. */
  open(scanner: ElementScanner, depth: number): void;
  /** Character data; `plain` when it stands for itself (no references, no carriage returns). */
  text(scanner: ElementScanner, start: number, end: number, plain: boolean): void;
  /** A CDATA section's content. */
  cdata(scanner: ElementScanner, start: number, end: number): void;
  /** An end tag, also of an empty element. */
  close(scanner: ElementScanner, depth: number): void;
}

const NOTHING = new Uint8Array(0);
const GT = 0x3e;
const SLASH = 0x2f;
const COLON = 0x3a;
const EQUALS = 0x3d;
const CDATA_START = '<![CDATA[';

export class ElementScanner {
  /** What is being scanned; nothing at other times. */
  bytes: Uint8Array = NOTHING;

  /** Offsets of the name in the start tag at hand; `nameColon` is -1 when it has no prefix. */
  nameStart = 0;
  nameColon = -1;
  nameEnd = 0;

  /** The attributes of the start tag at hand: offsets of names and raw values. */
  attributeCount = 0;
  readonly attributeNameStart: Int32Array;
  readonly attributeNameColon: Int32Array;
  readonly attributeNameEnd: Int32Array;
  readonly attributeValueStart: Int32Array;
  readonly attributeValueEnd: Int32Array;
  /** 1 where the raw value stands for itself. */
  readonly attributeIsPlain: Uint8Array;

  readonly #limits: ScanLimits;
  readonly #openNameStart: Int32Array;
  readonly #openNameEnd: Int32Array;
  readonly #scopeMark: Int32Array;
  #scope = new NamespaceScope();
  #outerMark = 0;
  #usesOuterPrefix = false;
  #plain = true;
  #colon = -1;

  constructor(limits: ScanLimits = DEFAULT_SCAN_LIMITS) {
    this.#limits = limits;
    const { maxAttributes, maxDepth } = limits;
    this.attributeNameStart = new Int32Array(maxAttributes);
    this.attributeNameColon = new Int32Array(maxAttributes);
    this.attributeNameEnd = new Int32Array(maxAttributes);
    this.attributeValueStart = new Int32Array(maxAttributes);
    this.attributeValueEnd = new Int32Array(maxAttributes);
    this.attributeIsPlain = new Uint8Array(maxAttributes);
    this.#openNameStart = new Int32Array(maxDepth);
    this.#openNameEnd = new Int32Array(maxDepth);
    this.#scopeMark = new Int32Array(maxDepth);
  }

  /** Bindings in force at the start tag at hand. */
  get scope(): NamespaceScope {
    return this.#scope;
  }

  /** Did the element use a prefix bound outside it (other than `xml`)? Then its bytes mean something only in this stream. */
  get usesOuterPrefix(): boolean {
    return this.#usesOuterPrefix;
  }

  /**
   * Scans the element whose `<` is at `start`.
   * @param scope bindings in force around the element; as it was when this returns
   * @param maxStartTags stop after so many start tags: one for a stream header, which is never closed in the same breath
   * @returns the offset behind the element, or INCOMPLETE
   * @throws XmlError
   */
  scan(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: ScanHandler,
    scope: NamespaceScope,
    maxStartTags = Number.POSITIVE_INFINITY,
  ): number {
    this.bytes = bytes;
    this.#scope = scope;
    this.#outerMark = scope.mark;
    this.#usesOuterPrefix = false;
    try {
      return this.#scan(start, end, handler, maxStartTags);
    } finally {
      scope.release(this.#outerMark);
      this.bytes = NOTHING;
    }
  }

  #scan(start: number, end: number, handler: ScanHandler, maxStartTags: number): number {
    const { bytes } = this;
    let depth = 0;
    let left = maxStartTags;
    let at = start;
    for (;;) {
      // `at` is on a '<'
      if (at + 1 >= end) return INCOMPLETE;
      const next = bytes[at + 1] as number;
      if (next === SLASH) {
        if (depth === 0) throw new XmlError('not-well-formed', 'an end tag without a start tag', at);
        at = this.#endTag(at + 2, end, depth);
        if (at === INCOMPLETE) return INCOMPLETE;
        depth--;
        handler.close(this, depth);
        this.#scope.release(this.#scopeMark[depth] as number);
      } else if (next === 0x21 || next === 0x3f) {
        const close = this.#cdata(at, end, depth);
        if (close === INCOMPLETE) return INCOMPLETE;
        handler.cdata(this, at + CDATA_START.length, close);
        at = close + 3;
      } else {
        if (depth >= this.#limits.maxDepth) {
          throw new XmlError('too-deep', `elements nest deeper than ${this.#limits.maxDepth}`, at);
        }
        const behind = this.#startTag(at, end, depth);
        if (behind === INCOMPLETE) return INCOMPLETE;
        at = behind;
        handler.open(this, depth);
        if (--left === 0) return at;
        if (bytes[at - 2] === SLASH) {
          handler.close(this, depth);
          this.#scope.release(this.#scopeMark[depth] as number);
        } else {
          depth++;
        }
      }
      if (depth === 0) return at;
      const textStart = at;
      at = this.#text(at, end);
      if (at === INCOMPLETE) return INCOMPLETE;
      if (at > textStart) handler.text(this, textStart, at, this.#plain);
    }
  }

  /** @returns offset behind the `>`; name and attributes are then set and namespaces declared. */
  #startTag(open: number, end: number, depth: number): number {
    const { bytes } = this;
    this.attributeCount = 0;
    let at = this.#name(open + 1, end);
    if (at === INCOMPLETE) return INCOMPLETE;
    this.nameStart = open + 1;
    this.nameColon = this.#colon;
    this.nameEnd = at;
    for (;;) {
      const gap = at;
      while (at < end && isSpace(bytes[at] as number)) at++;
      if (at >= end) return INCOMPLETE;
      const byte = bytes[at] as number;
      if (byte === GT) {
        at++;
        break;
      }
      if (byte === SLASH) {
        if (at + 1 >= end) return INCOMPLETE;
        if (bytes[at + 1] !== GT) throw new XmlError('not-well-formed', 'expected > after /', at + 1);
        at += 2;
        break;
      }
      if (at === gap) throw new XmlError('not-well-formed', 'expected white space before an attribute', at);
      at = this.#attribute(at, end);
      if (at === INCOMPLETE) return INCOMPLETE;
    }
    this.#openNameStart[depth] = this.nameStart;
    this.#openNameEnd[depth] = this.nameEnd;
    this.#scopeMark[depth] = this.#scope.mark;
    this.#declareNamespaces();
    this.#checkPrefixes();
    return at;
  }

  /** @returns offset behind the closing quote */
  #attribute(start: number, end: number): number {
    const { bytes } = this;
    const index = this.attributeCount;
    if (index >= this.#limits.maxAttributes) {
      throw new XmlError(
        'too-many-attributes',
        `an element has more than ${this.#limits.maxAttributes} attributes`,
        start,
      );
    }
    let at = this.#name(start, end);
    if (at === INCOMPLETE) return INCOMPLETE;
    this.attributeNameStart[index] = start;
    this.attributeNameColon[index] = this.#colon;
    this.attributeNameEnd[index] = at;
    for (let i = 0; i < index; i++) {
      if (this.#sameBytes(this.attributeNameStart[i] as number, this.attributeNameEnd[i] as number, start, at)) {
        throw new XmlError('not-well-formed', `attribute ${decodeUtf8(bytes, start, at)} appears twice`, start);
      }
    }
    while (at < end && isSpace(bytes[at] as number)) at++;
    if (at >= end) return INCOMPLETE;
    if (bytes[at] !== EQUALS) throw new XmlError('not-well-formed', 'expected = after an attribute name', at);
    at++;
    while (at < end && isSpace(bytes[at] as number)) at++;
    if (at >= end) return INCOMPLETE;
    const quote = bytes[at] as number;
    if (quote !== 0x22 && quote !== 0x27)
      throw new XmlError('not-well-formed', 'expected a quoted attribute value', at);
    at++;
    this.attributeValueStart[index] = at;
    let plain = true;
    for (;;) {
      if (at >= end) return INCOMPLETE;
      const byte = bytes[at] as number;
      if (byte === quote) break;
      const kind = BYTE_CLASS[byte] as number;
      if (kind === MULTI_BYTE) {
        if (codePointAt(bytes, at, end) === -1) return INCOMPLETE;
        at += utf8Length(byte);
        continue;
      }
      if (kind === SPECIAL_SPACE) plain = false;
      else if (kind === AMPERSAND) {
        plain = false;
        at = this.#reference(at, end);
        if (at === INCOMPLETE) return INCOMPLETE;
        continue;
      } else if (kind === LESS_THAN) throw new XmlError('not-well-formed', '< in an attribute value', at);
      else if (kind === ILLEGAL) throw illegalByte(bytes, at);
      at++;
    }
    this.attributeValueEnd[index] = at;
    this.attributeIsPlain[index] = plain ? 1 : 0;
    this.attributeCount = index + 1;
    return at + 1;
  }

  #declareNamespaces(): void {
    for (let i = 0; i < this.attributeCount; i++) {
      const prefix = this.declaredPrefix(i);
      if (prefix === undefined) continue;
      const uri = this.attributeValue(i);
      const at = this.attributeNameStart[i] as number;
      if (prefix !== '' && uri === '') throw new XmlError('not-well-formed', `prefix ${prefix} undeclared`, at);
      if (prefix === 'xmlns' || uri === XMLNS_NAMESPACE || (prefix === 'xml') !== (uri === XML_NAMESPACE)) {
        throw new XmlError('not-well-formed', 'the prefixes xml and xmlns are reserved', at);
      }
      this.#scope.declare(prefix, uri);
    }
  }

  #checkPrefixes(): void {
    this.#checkPrefix(this.nameStart, this.nameColon);
    let prefixed = 0;
    for (let i = 0; i < this.attributeCount; i++) {
      const colon = this.attributeNameColon[i] as number;
      if (colon === -1 || this.declaredPrefix(i) !== undefined) continue;
      this.#checkPrefix(this.attributeNameStart[i] as number, colon);
      prefixed++;
    }
    if (prefixed < 2) return;
    const seen = new Set<string>();
    for (let i = 0; i < this.attributeCount; i++) {
      if (this.attributeNameColon[i] === -1 || this.declaredPrefix(i) !== undefined) continue;
      const name = this.attributeName(i);
      if (seen.has(name)) {
        throw new XmlError('not-well-formed', `attribute ${name} appears twice`, this.attributeNameStart[i] as number);
      }
      seen.add(name);
    }
  }

  #checkPrefix(start: number, colon: number): void {
    if (colon === -1) return;
    const prefix = decodeUtf8(this.bytes, start, colon);
    if (prefix === 'xmlns' || this.#scope.lookup(prefix) === undefined) {
      throw new XmlError('bad-namespace-prefix', `prefix ${prefix} is not bound to a namespace`, start);
    }
    if (!this.#usesOuterPrefix) this.#usesOuterPrefix = this.#scope.isOutside(prefix, this.#outerMark);
  }

  #endTag(start: number, end: number, depth: number): number {
    const { bytes } = this;
    const nameStart = this.#openNameStart[depth - 1] as number;
    const length = (this.#openNameEnd[depth - 1] as number) - nameStart;
    let at = start;
    for (let i = 0; i < length; i++, at++) {
      if (at >= end) return INCOMPLETE;
      if (bytes[at] !== bytes[nameStart + i]) throw this.#mismatch(depth, start);
    }
    while (at < end && isSpace(bytes[at] as number)) at++;
    if (at >= end) return INCOMPLETE;
    if (bytes[at] !== GT) throw this.#mismatch(depth, start);
    return at + 1;
  }

  #mismatch(depth: number, at: number): XmlError {
    const start = this.#openNameStart[depth - 1] as number;
    const name = decodeUtf8(this.bytes, start, this.#openNameEnd[depth - 1] as number);
    return new XmlError('not-well-formed', `expected the end tag </${name}>`, at);
  }

  /** @returns offset of the next `<`; sets whether the text stands for itself */
  #text(start: number, end: number): number {
    const { bytes } = this;
    let at = start;
    this.#plain = true;
    while (at < end) {
      const byte = bytes[at] as number;
      const kind = BYTE_CLASS[byte] as number;
      if (kind === 0) at++;
      else if (kind === LESS_THAN) return at;
      else if (kind === SPECIAL_SPACE) {
        if (byte === 0x0d) this.#plain = false;
        at++;
      } else if (kind === AMPERSAND) {
        this.#plain = false;
        at = this.#reference(at, end);
        if (at === INCOMPLETE) return INCOMPLETE;
      } else if (kind === MULTI_BYTE) {
        if (codePointAt(bytes, at, end) === -1) return INCOMPLETE;
        at += utf8Length(byte);
      } else if (kind === CLOSE_BRACKET) {
        if (bytes[at + 1] === 0x5d && bytes[at + 2] === GT && at + 2 < end) {
          throw new XmlError('not-well-formed', ']]> in character data', at);
        }
        at++;
      } else throw illegalByte(bytes, at);
    }
    return INCOMPLETE;
  }

  /** @returns offset behind the `;` */
  #reference(start: number, end: number): number {
    const { bytes } = this;
    const longest = Math.min(end, start + 12);
    for (let at = start + 1; at < longest; at++) {
      const byte = bytes[at] as number;
      if (byte === 0x3b) {
        resolveReference(decodeUtf8(bytes, start + 1, at), start);
        return at + 1;
      }
      if (byte >= 0x80 || !(isAsciiName(byte, false) || byte === 0x23)) break;
      if (at === end - 1) return INCOMPLETE;
    }
    if (start + 1 >= end) return INCOMPLETE;
    throw new XmlError('not-well-formed', '& does not begin a reference', start);
  }

  /** @returns offset of the `]]>` that ends the CDATA section */
  #cdata(start: number, end: number, depth: number): number {
    const { bytes } = this;
    for (let i = 1; i < CDATA_START.length; i++) {
      if (start + i >= end) return INCOMPLETE;
      if (bytes[start + i] === CDATA_START.charCodeAt(i) && depth > 0) continue;
      const what = bytes[start + 1] === 0x3f ? 'processing instructions' : 'comments and declarations';
      throw new XmlError('restricted-xml', `${what} are not allowed`, start);
    }
    let at = start + CDATA_START.length;
    while (at + 2 < end) {
      const byte = bytes[at] as number;
      if (byte === 0x5d && bytes[at + 1] === 0x5d && bytes[at + 2] === GT) return at;
      if (BYTE_CLASS[byte] === ILLEGAL) throw illegalByte(bytes, at);
      if (byte >= 0x80 && codePointAt(bytes, at, end) === -1) return INCOMPLETE;
      at += utf8Length(byte);
    }
    return INCOMPLETE;
  }

  /** @returns offset behind the QName; sets where its colon is */
  #name(start: number, end: number): number {
    const { bytes } = this;
    let at = start;
    let partStart = start;
    this.#colon = -1;
    for (;;) {
      if (at >= end) return INCOMPLETE;
      const byte = bytes[at] as number;
      if (byte < 0x80) {
        if (isAsciiName(byte, at === partStart)) at++;
        else if (byte === COLON && this.#colon === -1 && at > partStart) {
          this.#colon = at++;
          partStart = at;
        } else break;
      } else {
        const codePoint = codePointAt(bytes, at, end);
        if (codePoint === -1) return INCOMPLETE;
        if (!isWideName(codePoint, at === partStart)) break;
        at += utf8Length(byte);
      }
    }
    if (at === partStart) throw new XmlError('not-well-formed', 'expected a name', at);
    const byte = bytes[at] as number;
    if (!(isSpace(byte) || byte === GT || byte === SLASH || byte === EQUALS)) {
      throw new XmlError('not-well-formed', 'character not allowed in a name', at);
    }
    return at;
  }

  #sameBytes(aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
    if (aEnd - aStart !== bEnd - bStart) return false;
    for (let i = 0; i < aEnd - aStart; i++) if (this.bytes[aStart + i] !== this.bytes[bStart + i]) return false;
    return true;
  }

  /** Local name of the start tag at hand. */
  localName(): string {
    return decodeUtf8(this.bytes, this.nameColon === -1 ? this.nameStart : this.nameColon + 1, this.nameEnd);
  }

  /** Namespace name of the start tag at hand. */
  namespace(): string {
    const prefix = this.nameColon === -1 ? '' : decodeUtf8(this.bytes, this.nameStart, this.nameColon);
    return this.#scope.lookup(prefix) as string;
  }

  /** The prefix that attribute `index` declares ('' for the default namespace); undefined when it is no declaration. */
  declaredPrefix(index: number): string | undefined {
    const { bytes } = this;
    const start = this.attributeNameStart[index] as number;
    const colon = this.attributeNameColon[index] as number;
    const end = this.attributeNameEnd[index] as number;
    if ((colon === -1 ? end : colon) - start !== 5 || bytes[start] !== 0x78) return undefined;
    if (decodeUtf8(bytes, start, start + 5) !== 'xmlns') return undefined;
    return colon === -1 ? '' : decodeUtf8(bytes, colon + 1, end);
  }

  /** Name of attribute `index`: `name`, `xml:lang`, or `{namespace}name`. */
  attributeName(index: number): string {
    const start = this.attributeNameStart[index] as number;
    const colon = this.attributeNameColon[index] as number;
    const end = this.attributeNameEnd[index] as number;
    if (colon === -1) return decodeUtf8(this.bytes, start, end);
    const prefix = decodeUtf8(this.bytes, start, colon);
    const local = decodeUtf8(this.bytes, colon + 1, end);
    return prefix === 'xml' ? `xml:${local}` : `{${this.#scope.lookup(prefix)}}${local}`;
  }

  /** Value of attribute `index`, references resolved and white space normalised. */
  attributeValue(index: number): string {
    const start = this.attributeValueStart[index] as number;
    const raw = decodeUtf8(this.bytes, start, this.attributeValueEnd[index] as number);
    return this.attributeIsPlain[index] === 1 ? raw : decodeAttribute(raw, start);
  }

  /** Offset of the `<` of the start tag at hand. */
  get tagStart(): number {
    return this.nameStart - 1;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d;
}

/** For whoever scans a whole element at once with the usual limits: a scan is never interrupted by another. */
export const SHARED_SCANNER = new ElementScanner();
