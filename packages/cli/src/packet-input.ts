import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { UsageError } from './errors.ts';

/** How octets are written. */
export const OCTET_FORMATS = ['hex', 'base64', 'binary'] as const;
export type OctetFormat = (typeof OCTET_FORMATS)[number];

/** A file, or standard input. */
export async function readInput(file: string | undefined): Promise<Buffer> {
  return file === undefined ? buffer(process.stdin) : readFileSync(file);
}

/** @throws UsageError */
export function parseOctetFormat(text: string): OctetFormat {
  const format = OCTET_FORMATS.find((name) => name === text);
  if (!format) throw new UsageError(`there is no format "${text}" (there are: ${OCTET_FORMATS.join(', ')})`);
  return format;
}

/**
 * Octets as somebody has written them. Without a format it is looked which one it is: hexadecimal digits (with spaces, colons or `0x`
 * between them, as captures are printed), base64, or the octets themselves.
 * @throws UsageError for what is not in the format
 */
export function parseOctets(input: Buffer, format?: OctetFormat): Uint8Array {
  if (format === 'binary') return input;
  const text = input.toString('latin1');
  const digits = text.replace(/0x|[\s:,-]/gi, '');
  const isHex = digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits);
  if (format === 'hex' || (format === undefined && isHex)) {
    if (!isHex) throw new UsageError('these are no pairs of hexadecimal digits');
    return Buffer.from(digits, 'hex');
  }
  const packed = text.replace(/\s/g, '');
  const isBase64 = packed.length > 0 && packed.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(packed);
  if (format === 'base64' && !isBase64) throw new UsageError('this is no base64');
  return isBase64 ? Buffer.from(packed, 'base64') : input;
}

/** Octets for a file or a terminal. */
export function formatOctets(octets: Uint8Array, format: OctetFormat): Uint8Array | string {
  if (format === 'binary') return octets;
  return `${Buffer.from(octets).toString(format)}\n`;
}
