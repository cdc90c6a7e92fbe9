import { expect, it } from 'vitest';
import { crcDnp } from './crc.ts';

it('is the check value of the catalogue of parametrised CRC algorithms', () => {
  expect(crcDnp(new TextEncoder().encode('123456789'))).toBe(0xea82);
});
