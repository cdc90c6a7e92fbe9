import type { SchemaSource } from './source.ts';

const LT = 0x3c;
const GT = 0x3e;
const SPACE = 0x20;

/**
 * A copy of a document in which spaces stand for comments and processing instructions, so that every offset stays what it was.
 * They mean nothing in a schema; the scanner, made for XMPP, takes neither.
 * @throws SchemaError when one is not well-formed or there is a document type declaration
 */
export function blankMarkup(source: SchemaSource): Uint8Array {
  const { bytes } = source;
  const blanked = bytes.slice();
  if (startsWith(bytes, 0, '\u00ef\u00bb\u00bf')) blanked.fill(SPACE, 0, 3);
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== LT) {
      at++;
    } else if (startsWith(bytes, at, '<!--')) {
      const dashes = find(bytes, at + 4, '--');
      if (dashes === -1) throw source.error('not-well-formed', 'expected --> after <!--', at);
      if (bytes[dashes + 2] !== GT) throw source.error('not-well-formed', '-- inside a comment', dashes);
      blanked.fill(SPACE, at, dashes + 3);
      at = dashes + 3;
    } else if (startsWith(bytes, at, '<![CDATA[')) {
      const end = find(bytes, at + 9, ']]>');
      if (end === -1) throw source.error('not-well-formed', 'expected ]]> after <![CDATA[', at);
      at = end + 3;
    } else if (startsWith(bytes, at, '<?')) {
      const end = find(bytes, at + 2, '?>');
      if (end === -1) throw source.error('not-well-formed', 'expected ?> after <?', at);
      if (!isDeclaration(bytes, at)) blanked.fill(SPACE, at, end + 2);
      at = end + 2;
    } else if (startsWith(bytes, at, '<!')) {
      throw source.error('not-well-formed', 'a schema may have no document type declaration', at);
    } else {
      at = tagEnd(bytes, at);
    }
  }
  return blanked;
}

/** The XML declaration is left for the reader to check. */
function isDeclaration(bytes: Uint8Array, at: number): boolean {
  const first = startsWith(bytes, 0, '\u00ef\u00bb\u00bf') ? 3 : 0;
  return at === first && startsWith(bytes, at, '<?xml') && (bytes[at + 5] as number) <= SPACE;
}

/** Behind the `>` of a tag; attribute values may hold one. */
function tagEnd(bytes: Uint8Array, start: number): number {
  let quote = 0;
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x22 || byte === 0x27) quote = byte;
    else if (byte === GT) return at + 1;
  }
  return bytes.length;
}

function startsWith(bytes: Uint8Array, at: number, latin1: string): boolean {
  for (let i = 0; i < latin1.length; i++) if (bytes[at + i] !== latin1.charCodeAt(i)) return false;
  return true;
}

function find(bytes: Uint8Array, start: number, latin1: string): number {
  const first = latin1.charCodeAt(0);
  for (let at = bytes.indexOf(first, start); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (startsWith(bytes, at, latin1)) return at;
  }
  return -1;
}
