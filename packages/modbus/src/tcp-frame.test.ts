import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModbusError } from './error.ts';
import { encodeTcpFrame, TcpFrameReader } from './tcp-frame.ts';

const hex = (text: string) => Uint8Array.from(text.split(' ').map((octet) => Number.parseInt(octet, 16)));

describe('TcpFrameReader', () => {
  it('finds frames however they are cut', () => {
    const stream = hex('00 01 00 00 00 06 11 03 00 6B 00 03 00 02 00 00 00 03 11 83 02');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: stream.length }), (step) => {
        const reader = new TcpFrameReader();
        const frames = [];
        for (let at = 0; at < stream.length; at += step) frames.push(...reader.push(stream.slice(at, at + step)));
        expect(frames.map(({ transactionId, unit, pdu }) => [transactionId, unit, pdu.length])).toEqual([
          [1, 0x11, 5],
          [2, 0x11, 2],
        ]);
      }),
    );
  });

  it.each(['00 01 00 01 00 06 11 03', '00 01 00 00 00 01 11 03', '00 01 00 00 01 00 11 03'])('refuses %s', (bytes) => {
    expect(() => new TcpFrameReader().push(hex(bytes))).toThrowError(
      expect.objectContaining({ code: 'malformed-frame' }),
    );
  });

  it('says where in the stream it lost its way', () => {
    const reader = new TcpFrameReader();
    expect(reader.push(hex('00 01 00 00 00 03 11 83 02 00')).length).toBe(1);
    expect(() => reader.push(hex('02 00 01 00 06 11'))).toThrowError(expect.objectContaining({ offset: 11 }));
  });

  it.each([
    { transactionId: 65_536, unit: 1, pdu: Uint8Array.of(1) },
    { transactionId: 1, unit: 256, pdu: Uint8Array.of(1) },
    { transactionId: 1, unit: 1, pdu: new Uint8Array(0) },
    { transactionId: 1, unit: 1, pdu: new Uint8Array(254) },
  ])('does not write %j', (frame) => {
    expect(() => encodeTcpFrame(frame)).toThrowError(expect.objectContaining({ code: 'limit-exceeded' }));
  });

  it('whatever comes, it throws nothing but ModbusError and keeps less than a frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (chunks) => {
        const reader = new TcpFrameReader();
        try {
          for (const chunk of chunks) for (const { pdu } of reader.push(chunk)) expect(pdu.length).toBeLessThan(254);
        } catch (error) {
          expect(error).toBeInstanceOf(ModbusError);
        }
      }),
    );
  });

  it('writes frames that it reads', () => {
    const frame = fc.record({
      transactionId: fc.integer({ min: 0, max: 0xffff }),
      unit: fc.integer({ min: 0, max: 255 }),
      pdu: fc.uint8Array({ minLength: 1, maxLength: 253 }),
    });
    fc.assert(
      fc.property(frame, (sent) => {
        expect(new TcpFrameReader().push(encodeTcpFrame(sent))).toEqual([sent]);
      }),
    );
  });
});
