import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModbusError } from './error.ts';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from './functions.ts';

const hex = (text: string) => Uint8Array.from(text.split(' ').map((octet) => Number.parseInt(octet, 16)));

describe('PDUs', () => {
  // The examples of MODBUS Application Protocol V1.1b3 §6.
  it.each([
    ['01 00 13 00 13', '01 03 CD 6B 05'],
    ['02 00 C4 00 16', '02 03 AC DB 35'],
    ['03 00 6B 00 03', '03 06 02 2B 00 00 00 64'],
    ['04 00 08 00 01', '04 02 00 0A'],
    ['05 00 AC FF 00', '05 00 AC FF 00'],
    ['06 00 01 00 03', '06 00 01 00 03'],
    ['0F 00 13 00 0A 02 CD 01', '0F 00 13 00 0A'],
    ['10 00 01 00 02 04 00 0A 01 02', '10 00 01 00 02'],
    ['16 00 04 00 F2 00 25', '16 00 04 00 F2 00 25'],
    ['17 00 03 00 06 00 0E 00 03 06 00 FF 00 FF 00 FF', '17 0C 00 FE 0A CD 00 01 00 03 00 0D 00 FF'],
    ['2B 0E 01 00', '2B 0E 01 01 00 00 00'],
    ['01 04 A1 00 01', '81 02'],
  ])('request %s and response %s survive', (request, response) => {
    expect(encodeRequest(decodeRequest(hex(request)))).toEqual(hex(request));
    expect(encodeResponse(decodeResponse(hex(response)))).toEqual(hex(response));
  });

  it.each([
    '',
    '03 00 00 00 00',
    '03 00 00 00 7E',
    '01 00 00 07 D1',
    '03 FF FF 00 02',
    '05 00 00 12 34',
    '0F 00 00 00 09 01 FF',
    '10 00 00 00 01 03 00 00 00',
    '06 00 01',
    '06 00 01 00 00 00',
  ])('request %j is refused', (request) => {
    const bytes = request === '' ? new Uint8Array(0) : hex(request);
    expect(() => decodeRequest(bytes)).toThrowError(expect.objectContaining({ code: 'malformed-pdu' }));
  });

  it('whatever comes, decoding throws nothing but ModbusError, and what it takes it gives back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 253 }), (pdu) => {
        for (const [decode, encode] of [
          [decodeRequest, encodeRequest],
          [decodeResponse, encodeResponse],
        ] as const) {
          try {
            const again = encode(decode(pdu) as never);
            // Padding bits of a coil write carry nothing.
            if (pdu[0] !== 15) expect(again).toEqual(pdu);
          } catch (error) {
            expect(error).toBeInstanceOf(ModbusError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
