/* Lexical forms of simple types of XML Schema. Each reader gives undefined for text that is not of the type. */

const HEX_BINARY = /^(?:[0-9A-Fa-f]{2})*$/;

/** xs:boolean: `true`, `false`, `1` or `0`. @see XML Schema Part 2 §3.2.2 */
export function parseBoolean(text: string): boolean | undefined {
  return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : undefined;
}

/** xs:hexBinary: two digits for each octet. @see XML Schema Part 2 §3.2.15 */
export function parseHexBinary(text: string): Uint8Array | undefined {
  if (!HEX_BINARY.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** xs:hexBinary in its canonical form, with capital letters. */
export function formatHexBinary(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join('');
}
