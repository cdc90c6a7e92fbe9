import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModbusError } from './error.ts';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from './functions.ts';
import type { ModbusRequest, ModbusResponse } from './pdu.ts';

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
    ['07', '07 6D'],
    ['08 00 00 A5 37', '08 00 00 A5 37'],
    ['0B', '0B FF FF 01 08'],
    ['0C', '0C 08 00 00 01 08 01 21 20 00'],
    ['11', '11 05 41 42 43 FF 01'],
    ['14 0E 06 00 04 00 01 00 02 06 00 03 00 09 00 02', '14 0C 05 06 0D FE 00 20 05 06 33 CD 00 40'],
    ['15 0D 06 00 04 00 07 00 03 06 AF 04 BE 10 0D', '15 0D 06 00 04 00 07 00 03 06 AF 04 BE 10 0D'],
    ['18 04 DE', '18 00 06 00 02 01 B8 12 84'],
    ['2B 0E 01 00', '2B 0E 01 01 00 00 00'],
    ['2B 0E 01 00', '2B 0E 01 81 00 00 02 00 03 41 42 43 01 01 58'],
    // Another of the protocols in function 43.
    ['2B 0D 01 02', '2B 0D 01'],
    ['01 04 A1 00 01', '81 02'],
    // Padding that is not zero is kept.
    ['0F 00 13 00 0A 02 CD F9', '0F 00 13 00 0A'],
  ])('request %s and response %s survive', (request, response) => {
    expect(encodeRequest(decodeRequest(hex(request)))).toEqual(hex(request));
    expect(encodeResponse(decodeResponse(hex(response)))).toEqual(hex(response));
  });

  it.each([
    '',
    '03 00 00 00 00',
    '03 00 00 00 7E',
    '01 00 00 07 D1',

    '05 00 00 12 34',
    '0F 00 00 00 09 01 FF',
    '10 00 00 00 01 03 00 00 00',
    '06 00 01',
    '06 00 01 00 00 00',
    '07 00',
    '08 00 01 00',
    '14 07 07 00 04 00 01 00 02',
    '14 06 06 00 04 00 01 00',
    '14 07 06 00 00 00 01 00 02',
    '14 07 06 00 04 27 10 00 02',
    '15 09 06 00 04 00 07 00 02 00 01',
    '18 04',
    '2B 0E 05 00',
  ])('request %j is refused', (request) => {
    const bytes = request === '' ? new Uint8Array(0) : hex(request);
    expect(() => decodeRequest(bytes)).toThrowError(expect.objectContaining({ code: 'malformed-pdu' }));
  });

  it.each([
    '0C 05 00 00 00 00 00',
    '14 03 02 06 00',
    '18 00 03 00 01 00',
    '2B 0E 01 04 00 00 00',
    '2B 0E 01 01 7F 00 00',
    '10 00 01 00 00',
    '10 00 01 00 7C',
    '0F 00 01 07 B1',
    '01 00',
    '03 03 00 00 00',
    '06 00 01',
    '83',
  ])('response %s is refused', (response) => {
    expect(() => decodeResponse(hex(response))).toThrowError(expect.objectContaining({ code: 'malformed-pdu' }));
  });

  it('tells an address that goes past the end of a table from a quantity that is wrong', () => {
    const overflow = expect.objectContaining({ code: 'address-overflow', offset: 5 });
    expect(() => decodeRequest(hex('03 FF FF 00 02'))).toThrowError(overflow);
    expect(() => decodeResponse(hex('10 FF FF 00 02'))).toThrowError(overflow);
  });

  it('takes no PDU of more than 253 bytes', () => {
    const longest = new Uint8Array(253).fill(65);
    expect(encodeRequest(decodeRequest(longest))).toEqual(longest);
    expect(() => decodeRequest(new Uint8Array(254).fill(65))).toThrowError(/254 bytes/);
  });

  it.each<ModbusRequest>([
    { kind: 'write-single-register', address: 0, value: 70_000 },
    { kind: 'write-single-register', address: 0, value: -1 },
    { kind: 'write-single-coil', address: 65_536, value: true },
    { kind: 'read-coils', address: -1, quantity: 1 },
    { kind: 'read-coils', address: 0.5, quantity: 1 },
    { kind: 'read-coils', address: 0, quantity: 2001 },
    { kind: 'read-input-registers', address: 0, quantity: 126 },
    { kind: 'read-input-registers', address: 65_535, quantity: 2 },
    { kind: 'write-multiple-coils', address: 0, values: [] },
    { kind: 'write-multiple-coils', address: 0, values: [true], padding: 1 },
    { kind: 'write-multiple-registers', address: 0, values: new Array<number>(124).fill(0) },
    { kind: 'write-multiple-registers', address: 0, values: [1.5] },
    { kind: 'mask-write-register', address: 0, andMask: 65_536, orMask: 0 },
    { kind: 'read-write-multiple-registers', readAddress: 0, quantity: 126, writeAddress: 0, values: [1] },
    { kind: 'opaque', functionCode: 65, data: new Uint8Array(253) },
    { kind: 'opaque', functionCode: 256, data: new Uint8Array(0) },
  ])('%j is not sent as something else', (request) => {
    expect(() => encodeRequest(request)).toThrowError(expect.objectContaining({ code: 'limit-exceeded' }));
  });

  it.each<ModbusResponse>([
    { kind: 'exception', functionCode: 128, exceptionCode: 1 },
    { kind: 'exception', functionCode: 1, exceptionCode: 256 },
    { kind: 'opaque', functionCode: 0x83, data: Uint8Array.of(2) },
    { kind: 'read-input-registers', values: [65_536] },
    { kind: 'write-multiple-registers', address: 0, quantity: 124 },
  ])('%j is not answered as something else', (response) => {
    expect(() => encodeResponse(response)).toThrowError(expect.objectContaining({ code: 'limit-exceeded' }));
  });

  // Random bytes alone hardly ever are a PDU: most get a function code that has a row, and a plausible head.
  const codes = fc.constantFrom(1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 0x83, 43);
  const small = fc.integer({ min: 0, max: 12 });
  const pdus = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 260 }),
    fc.tuple(codes, fc.uint8Array({ maxLength: 12 })).map(([code, rest]) => Uint8Array.of(code, ...rest)),
    fc
      .tuple(fc.constantFrom(1, 2, 3, 4), fc.uint8Array({ minLength: 1, maxLength: 250 }))
      .map(([code, data]) => Uint8Array.of(code, data.length, ...data)),
    fc.tuple(small, small, fc.uint8Array({ minLength: 2, maxLength: 2 })).map(([address, quantity, data]) => {
      return Uint8Array.of(
        15,
        0,
        address,
        0,
        quantity,
        Math.ceil(quantity / 8),
        ...data.slice(0, Math.ceil(quantity / 8)),
      );
    }),
  );

  it('whatever comes, decoding throws nothing but ModbusError, and what it takes it gives back', () => {
    fc.assert(
      fc.property(pdus, (pdu) => {
        for (const [decode, encode] of [
          [decodeRequest, encodeRequest],
          [decodeResponse, encodeResponse],
        ] as const) {
          try {
            expect(encode(decode(pdu) as never)).toEqual(pdu);
          } catch (error) {
            expect(error).toBeInstanceOf(ModbusError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
