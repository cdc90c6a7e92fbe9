import { isXmlChar } from './characters.ts';
import { XmlError } from './error.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Short runs of ASCII are cheaper to concatenate than to hand to TextDecoder. */
const SHORT = 32;

/** The string in validated UTF-8 bytes `start` to `end`. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = '';
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decoder.decode(bytes.subarray(start, end));
}

/** The UTF-8 bytes of a string. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };

/** The character an entity or character reference (the part between `&` and `;`) stands for. */
export function resolveReference(name: string, offset: number): string {
  if (name.startsWith('#')) {
    const digits = name[1] === 'x' ? name.slice(2) : name.slice(1);
    const wellFormed = name[1] === 'x' ? /^[0-9a-fA-F]{1,8}$/.test(digits) : /^[0-9]{1,8}$/.test(digits);
    const codePoint = wellFormed ? Number.parseInt(digits, name[1] === 'x' ? 16 : 10) : Number.NaN;
    if (!wellFormed || !isXmlChar(codePoint)) {
      throw new XmlError('not-well-formed', `&${name}; is not a character allowed in XML`, offset);
    }
    return String.fromCodePoint(codePoint);
  }
  if (Object.hasOwn(ENTITIES, name)) return ENTITIES[name] as string;
  throw new XmlError('restricted-xml', `entity &${name}; is not one of the five predefined ones`, offset);
}

/** Character data with references resolved and line ends normalised (XML 1.0 §2.11). */
export function decodeText(raw: string, offset: number): string {
  return resolveAll(normaliseLineEnds(raw), offset);
}

/** An attribute value with references resolved and white space normalised (XML 1.0 §3.3.3, CDATA type). */
export function decodeAttribute(raw: string, offset: number): string {
  return resolveAll(normaliseLineEnds(raw).replace(/[\t\n]/g, ' '), offset);
}

/** Line ends as XML reports them: CR LF and CR become LF. */
export function normaliseLineEnds(raw: string): string {
  return raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw;
}

function resolveAll(text: string, offset: number): string {
  return text.includes('&')
    ? text.replace(/&([^;]*);/g, (_, name: string, at: number) => resolveReference(name, offset + at))
    : text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Text as character data. `>` is escaped too, so that `]]>` never appears. */
export function escapeText(text: string): string {
  return /[&<>\r]/.test(text) ? text.replace(/[&<>\r]/g, (c) => ESCAPES[c] as string) : text;
}

/** Text as an attribute value between apostrophes or quotes. */
export function escapeAttribute(text: string): string {
  return /[&<>'"\t\n\r]/.test(text) ? text.replace(/[&<>'"\t\n\r]/g, (c) => ESCAPES[c] as string) : text;
}

/** Does the string consist of characters that XML 1.0 §2.2 allows (no NUL, no lone surrogates, ...)? */
export function isXmlText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters XML forbids
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text) && !/\p{Surrogate}/u.test(text);
}
