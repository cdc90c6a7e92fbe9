import { formatHex, parseHex } from './octets.ts';

/** Octets of a UUID of the edition of 2024, and of all network messages. */
export const UUID_OCTETS = 16;
/** Octets of the edition of 2007: place, manufacturer, year and time. @see IEEE 1451.0-2007 §4.12 */
export const UUID_2007_OCTETS = 10;

/** The UUID of nobody: all octets are nought. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** 16 octets with hyphens in the usual places; others as hexadecimal digits. */
export function formatUuid(octets: Uint8Array): string {
  const digits = formatHex(octets);
  if (octets.length !== UUID_OCTETS) return digits;
  const [a, b, c, d] = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20)];
  return `${a}-${b}-${c}-${d}-${digits.slice(20)}`;
}

/** The octets of a UUID of either edition; undefined for other text. */
export function parseUuid(text: string): Uint8Array | undefined {
  const hyphenated = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
  const octets = parseHex(hyphenated ? text.replaceAll('-', '') : text);
  return octets?.length === UUID_OCTETS || octets?.length === UUID_2007_OCTETS ? octets : undefined;
}
