import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REQUESTS, RESPONSES } from '../test/arbitrary-pdus.ts';
import { AsciiFrameReader, encodeAsciiFrame } from './ascii-frame.ts';
import { ModbusError } from './error.ts';
import { encodeRequest, encodeResponse } from './functions.ts';
import { encodeRtuFrame, RtuFrameReader } from './rtu-frame.ts';
import type { SerialFrame, SerialFrameReader } from './serial-frame.ts';

const hex = (text: string) => Uint8Array.from(text.split(' ').map((octet) => Number.parseInt(octet, 16)));
const ascii = (text: string) => new TextEncoder().encode(text);

/** What is read from bytes that come in pieces, with the silence at the end. */
function readAll(reader: SerialFrameReader, bytes: Uint8Array, cuts: readonly number[] = []): SerialFrame[] {
  const frames: SerialFrame[] = [];
  let at = 0;
  for (const cut of [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
    frames.push(...reader.push(bytes.slice(at, cut)));
    at = cut;
  }
  return [...frames, ...reader.silence()];
}

describe('RTU', () => {
  // The first is the calculation in MODBUS over Serial Line V1.02 §6.2.2.
  it.each([
    [2, '07', '02 07 41 12'],
    [1, '03 00 00 00 0A', '01 03 00 00 00 0A C5 CD'],
    [17, '06 00 01 00 03', '11 06 00 01 00 03 9A 9B'],
  ])('unit %i with %s is %s', (unit, pdu, frame) => {
    expect(encodeRtuFrame({ unit, pdu: hex(pdu) })).toEqual(hex(frame));
    expect(readAll(new RtuFrameReader('request'), hex(frame))).toEqual([{ unit, pdu: hex(pdu) }]);
  });

  it('finds the end of each frame without a silence, requests and responses', () => {
    fc.assert(
      fc.property(
        fc.array(REQUESTS, { minLength: 1, maxLength: 4 }),
        fc.array(RESPONSES, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat()),
        (requests, responses, cuts) => {
          for (const [direction, pdus] of [
            ['request', requests.filter(hasKnownLength).map(encodeRequest)],
            ['response', responses.filter(hasKnownLength).map(encodeResponse)],
          ] as const) {
            const frames = pdus.map((pdu, i) => ({ unit: i + 1, pdu }));
            const bytes = Uint8Array.from(frames.flatMap((frame) => [...encodeRtuFrame(frame)]));
            expect(readAll(new RtuFrameReader(direction), bytes, cuts)).toEqual(frames);
          }
        },
      ),
    );
  });

  it('takes what only silence ends', () => {
    fc.assert(
      fc.property(REQUESTS, RESPONSES, (request, response) => {
        const [asked, answered] = [encodeRequest(request), encodeResponse(response)];
        expect(readAll(new RtuFrameReader('request'), encodeRtuFrame({ unit: 9, pdu: asked }))).toEqual([
          { unit: 9, pdu: asked },
        ]);
        expect(readAll(new RtuFrameReader('response'), encodeRtuFrame({ unit: 9, pdu: answered }))).toEqual([
          { unit: 9, pdu: answered },
        ]);
      }),
    );
  });

  it('drops a damaged frame, says where it began, and goes on', () => {
    const reader = new RtuFrameReader('request');
    reader.push(hex('01 03 00 00 00 0A C5 CD'));
    const damaged = expect.objectContaining({ code: 'malformed-frame', offset: 8 });
    expect(() => reader.push(hex('01 03 00 00 00 0B C5 CD'))).toThrowError(damaged);
    expect(reader.push(hex('01 03 00 00 00 0A C5 CD'))).toHaveLength(1);
    reader.push(hex('01 03'));
    expect(() => reader.silence()).toThrowError(/fell silent/);
    expect(reader.push(hex('01 03 00 00 00 0A C5 CD'))).toHaveLength(1);
  });

  it('holds no more than a frame', () => {
    const reader = new RtuFrameReader('request');
    expect(() => reader.push(new Uint8Array(257).fill(65))).toThrowError(/more than 256/);
  });
});

describe('ASCII', () => {
  it('is written in upper case, with the LRC', () => {
    // Sum of 01 03 00 00 00 0A is 0E, whose two's complement is F2.
    expect(encodeAsciiFrame({ unit: 1, pdu: hex('03 00 00 00 0A') })).toEqual(ascii(':01030000000AF2\r\n'));
  });

  it('reads every frame it wrote, in pieces too', () => {
    fc.assert(
      fc.property(REQUESTS, fc.array(fc.nat()), (request, cuts) => {
        const frame = { unit: 1, pdu: encodeRequest(request) };
        const twice = Uint8Array.of(...encodeAsciiFrame(frame), ...encodeAsciiFrame(frame));
        expect(readAll(new AsciiFrameReader(), twice, cuts)).toEqual([frame, frame]);
      }),
    );
  });

  it('begins anew with each colon', () => {
    expect(new AsciiFrameReader().push(ascii('noise:0103:01030000000AF2\r\n'))).toHaveLength(1);
  });

  it.each([
    [':01030000000AF3\r\n', /LRC/],
    [':0103\r\n', /pairs/],
    [':01030000000AG2\r\n', /pairs/],
    [':01030000000AF2\n', /carriage return/],
    [`:${'00'.repeat(300)}\r\n`, /too long/],
  ])('%s is refused', (text, message) => {
    const reader = new AsciiFrameReader();
    expect(() => reader.push(ascii(text))).toThrowError(message);
    expect(reader.push(ascii(':01030000000AF2\r\n'))).toHaveLength(1);
  });
});

it('whatever comes, reading throws nothing but ModbusError', () => {
  const readers = fc.constantFrom(
    () => new RtuFrameReader('request'),
    () => new RtuFrameReader('response'),
    () => new AsciiFrameReader(),
  );
  const noise = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(58, 13, 10, 48, 49, 1, 3, 43)));
  fc.assert(
    fc.property(readers, noise, fc.array(fc.nat()), (make, bytes, cuts) => {
      try {
        readAll(make(), Uint8Array.from(bytes), cuts);
      } catch (error) {
        expect(error).toBeInstanceOf(ModbusError);
      }
    }),
  );
});

/** Not those whose end only silence tells. */
function hasKnownLength(pdu: { readonly kind: string; readonly subFunction?: number }): boolean {
  if (pdu.kind === 'opaque') return false;
  return pdu.subFunction === undefined || ![0, 5, 21, 0xffff].includes(pdu.subFunction);
}
