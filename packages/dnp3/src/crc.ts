/** 0x3D65, its bits in reverse. */
const POLYNOMIAL = 0xa6bc;

const TABLE = Uint16Array.from({ length: 256 }, (_, octet) => {
  let crc = octet;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
  return crc;
});

/** CRC-DNP of some octets, sent low octet first. @see IEEE 1815-2012 §9.2.5 */
export function crcDnp(octets: Uint8Array, start = 0, end = octets.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = (crc >> 8) ^ (TABLE[(crc ^ (octets[i] as number)) & 0xff] as number);
  return ~crc & 0xffff;
}
