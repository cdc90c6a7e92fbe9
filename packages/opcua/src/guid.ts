import type { OctetReader, OctetWriter } from './octets.ts';

/** The text of sixteen octets: the first three parts are little-endian numbers. @see OPC 10000-6 §5.2.2.6 */
export function readGuid(reader: OctetReader): string {
  const first = [hex(reader.unsigned(4), 8), hex(reader.unsigned(2), 4), hex(reader.unsigned(2), 4)];
  const last = Array.from(reader.bytes(8), (octet) => hex(octet, 2)).join('');
  return `${first.join('-')}-${last.slice(0, 4)}-${last.slice(4)}`;
}

export function writeGuid(writer: OctetWriter, guid: string): void {
  const [first = '', second = '', third = '', ...last] = guid.split('-');
  writer.unsigned(4, Number.parseInt(first, 16));
  writer.unsigned(2, Number.parseInt(second, 16));
  writer.unsigned(2, Number.parseInt(third, 16));
  writer.bytes(Buffer.from(last.join(''), 'hex').subarray(0, 8));
}

/** @returns undefined for what is no GUID; in lower case */
export function parseGuid(text: string): string | undefined {
  const isGuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
  return isGuid ? text.toLowerCase() : undefined;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
