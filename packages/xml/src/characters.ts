import { XmlError } from './error.ts';

/** Classes of bytes inside character data and attribute values. */
export const PLAIN = 0;
export const SPECIAL_SPACE = 1; // tab, LF, CR: legal, but normalised somewhere
export const LESS_THAN = 2;
export const AMPERSAND = 3;
export const CLOSE_BRACKET = 4;
export const MULTI_BYTE = 5;
export const ILLEGAL = 6;

export const BYTE_CLASS: Uint8Array = (() => {
  const table = new Uint8Array(256);
  table.fill(ILLEGAL, 0, 0x20);
  table[0x09] = table[0x0a] = table[0x0d] = SPECIAL_SPACE;
  table[0x3c] = LESS_THAN;
  table[0x26] = AMPERSAND;
  table[0x5d] = CLOSE_BRACKET;
  table.fill(MULTI_BYTE, 0xc2, 0xf5);
  table.fill(ILLEGAL, 0x80, 0xc2);
  table.fill(ILLEGAL, 0xf5, 0x100);
  return table;
})();

const NAME_START = 1;
const NAME = 2;

/** ASCII part of NCName (Namespaces in XML 1.0 §3): the colon is not in it. */
const ASCII_NAME: Uint8Array = (() => {
  const table = new Uint8Array(128);
  for (let c = 0x41; c <= 0x5a; c++) table[c] = table[c + 0x20] = NAME_START | NAME;
  table[0x5f] = NAME_START | NAME;
  for (let c = 0x30; c <= 0x39; c++) table[c] = NAME;
  table[0x2d] = table[0x2e] = NAME;
  return table;
})();

/** Is the ASCII byte a character of an NCName, at its start or later? */
export function isAsciiName(byte: number, start: boolean): boolean {
  return ((ASCII_NAME[byte] as number) & (start ? NAME_START : NAME)) !== 0;
}

/** Non-ASCII NameStartChar ranges of XML 1.0 (5th ed.) §2.3. */
const NAME_START_RANGES = [
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
  [0x10000, 0xeffff],
] as const;

/** Is the non-ASCII code point a character of an NCName, at its start or later? */
export function isWideName(codePoint: number, start: boolean): boolean {
  if (!start && (codePoint === 0xb7 || (codePoint >= 0x300 && codePoint <= 0x36f))) return true;
  if (!start && (codePoint === 0x203f || codePoint === 0x2040)) return true;
  return NAME_START_RANGES.some(([low, high]) => codePoint >= low && codePoint <= high);
}

/** Is the code point a Char of XML 1.0 §2.2? */
export function isXmlChar(codePoint: number): boolean {
  return codePoint < 0x20
    ? codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d
    : codePoint < 0xd800 || (codePoint > 0xdfff && codePoint < 0xfffe) || (codePoint > 0xffff && codePoint <= 0x10ffff);
}

/**
 * The code point of the UTF-8 sequence that starts at `at`, validated (RFC 3629: no overlong forms, no surrogates).
 * @returns the code point and, through `utf8Length`, how many bytes it took; -1 when `end` cuts the sequence.
 */
export function codePointAt(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return lead;
  const length = utf8Length(lead);
  if (length === 0) throw new XmlError('unsupported-encoding', 'invalid UTF-8', at);
  const available = Math.min(length, end - at);
  let value = lead & (0x7f >> length);
  for (let i = 1; i < available; i++) {
    const next = bytes[at + i] as number;
    if ((next & 0xc0) !== 0x80) throw new XmlError('unsupported-encoding', 'invalid UTF-8', at + i);
    value = (value << 6) | (next & 0x3f);
  }
  if (available < length) return -1;
  const overlong = (length === 3 && value < 0x800) || (length === 4 && value < 0x10000);
  if (overlong || (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) {
    throw new XmlError('unsupported-encoding', 'invalid UTF-8', at);
  }
  if (!isXmlChar(value)) throw new XmlError('not-well-formed', 'character not allowed in XML', at);
  return value;
}

/** What is wrong with a byte that begins no character of XML. */
export function illegalByte(bytes: Uint8Array, at: number): XmlError {
  return (bytes[at] as number) < 0x80
    ? new XmlError('not-well-formed', 'character not allowed in XML', at)
    : new XmlError('unsupported-encoding', 'invalid UTF-8', at);
}

/** Length in bytes of the UTF-8 sequence with this first byte; 0 when no sequence starts so. */
export function utf8Length(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}
