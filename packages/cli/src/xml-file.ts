import { CommandError } from './errors.ts';

/** Encodings a file may have beside UTF-8, by the names that XML declarations give them. */
const DECLARED: Readonly<Record<string, 'utf-8' | 'latin1'>> = {
  'utf-8': 'utf-8',
  'us-ascii': 'utf-8',
  'iso-8859-1': 'latin1',
};
/** An XML declaration is shorter than this. */
const DECLARATION_BYTES = 256;

/**
 * The text of an XML document: UTF-8 or UTF-16 as its byte order mark says, else what its declaration says, else UTF-8.
 * @throws CommandError where it is none of these
 * @see XML 1.0 §4.3.3, appendix F
 */
export function xmlFileText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xfe && second === 0xff) return utf16Text(bytes, 'utf-16be');
  if (first === 0xff && second === 0xfe) return utf16Text(bytes, 'utf-16le');
  const start = Buffer.from(bytes.subarray(0, DECLARATION_BYTES)).toString('latin1');
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/.exec(start)?.[1];
  const encoding = declared === undefined ? 'utf-8' : DECLARED[declared.toLowerCase()];
  if (encoding === undefined) {
    throw new CommandError(`the encoding ${declared} is not read; make it UTF-8 first: iconv -f ${declared} -t UTF-8`);
  }
  return encoding === 'latin1' ? Buffer.from(bytes).toString('latin1') : utf8Text(bytes);
}

function utf8Text(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CommandError(`it is not UTF-8 (at byte ${firstWrongByte(bytes)}), and declares nothing else`, {
      cause: error,
    });
  }
}

function utf16Text(bytes: Uint8Array, encoding: 'utf-16be' | 'utf-16le'): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CommandError('its byte order mark says UTF-16, and it is not', { cause: error });
  }
}

/** Where bytes are no UTF-8: there a decoder that is not strict puts a replacement character that is not in the bytes. */
function firstWrongByte(bytes: Uint8Array): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let offset = 0;
  for (const character of text) {
    if (character === '\ufffd' && bytes[offset] !== 0xef) return offset;
    offset += Buffer.byteLength(character);
  }
  return offset;
}
