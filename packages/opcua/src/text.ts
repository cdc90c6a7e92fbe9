import { decodeUtf8, encodeUtf8 } from '@thingward/xml';
import { OpcUaError } from './error.ts';
import { concatOctets } from './octets.ts';

/** A String of OPC UA: text, or its octets where they are no UTF-8. */
export type OpcUaText = string | Uint8Array;

/** How a text that is null is written where an attribute that is not there means something else. No other text is written so. */
const NULL = '\\null';
/** What stands for itself in XML, whoever carries it: no backslash, no control character, no half of a pair. */
const PLAIN = /^[^\\\p{Cc}\ufffe\uffff\p{Surrogate}]*$/u;
const ESCAPED = /[\\\p{Cc}\ufffe\uffff]/gu;
const ESCAPE = /\\(?:\\|x([0-9a-f]{2}))/g;

/** Text from octets: a string wherever it is UTF-8. */
export function textOf(octets: Uint8Array): OpcUaText {
  try {
    return decodeUtf8(octets, 0, octets.length);
  } catch {
    return octets;
  }
}

/** @throws OpcUaError `limit-exceeded` for a string with half a surrogate pair */
export function textOctets(text: OpcUaText): Uint8Array {
  if (typeof text !== 'string') return text;
  if (/\p{Surrogate}/u.test(text))
    throw new OpcUaError('limit-exceeded', 'a string with half a surrogate pair has no octets');
  return encodeUtf8(text);
}

/** For XML: backslashes are doubled, octets that XML can't hold are `\xHH`. */
export function formatText(text: OpcUaText): string {
  if (typeof text !== 'string') {
    return Array.from(text, (octet) =>
      octet === 0x5c
        ? '\\\\'
        : octet < 0x20 || octet > 0x7e
          ? `\\x${octet.toString(16).padStart(2, '0')}`
          : String.fromCharCode(octet),
    ).join('');
  }
  if (PLAIN.test(text)) return text;
  return text.replace(ESCAPED, (character) => (character === '\\' ? '\\\\' : escapedOctets(character)));
}

/** @returns undefined for what `formatText` does not write */
export function parseText(text: string): OpcUaText | undefined {
  if (!text.includes('\\')) return PLAIN.test(text) ? text : undefined;
  if (text.replace(ESCAPE, '').includes('\\')) return undefined;
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const octet = match[1] === undefined ? 0x5c : Number.parseInt(match[1], 16);
    parts.push(encodeUtf8(text.slice(at, match.index)), Uint8Array.of(octet));
    at = match.index + match[0].length;
  }
  parts.push(encodeUtf8(text.slice(at)));
  return textOf(concatOctets(parts));
}

export function formatNullable(text: OpcUaText | null): string {
  return text === null ? NULL : formatText(text);
}

/** @returns undefined for what `formatNullable` does not write */
export function parseNullable(text: string): OpcUaText | null | undefined {
  return text === NULL ? null : parseText(text);
}

function escapedOctets(character: string): string {
  return Array.from(encodeUtf8(character), (octet) => `\\x${octet.toString(16).padStart(2, '0')}`).join('');
}
