import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LINK_KINDS } from './link-frame.ts';
import { encodeSerialFrame, SERIAL_ADDRESSES, SerialFrameReader } from './serial-frame.ts';

const FRAME = fc.record({
  address: fc.integer({ min: 1, max: SERIAL_ADDRESSES }),
  kind: fc.constantFrom(...LINK_KINDS),
  sequence: fc.nat(0xffff),
  // Flags and escapes more often than by chance.
  message: fc
    .array(fc.oneof(fc.constantFrom(0x7d, 0x7e, 0x5d, 0x5e), fc.nat(255)), { maxLength: 100 })
    .map((octets) => Uint8Array.from(octets)),
});

it('frames are the same however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(FRAME, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (frames, size) => {
      const stream = Uint8Array.from(frames.flatMap((frame) => [...encodeSerialFrame(frame)]));
      const reader = new SerialFrameReader();
      const read = [];
      for (let at = 0; at < stream.length; at += size) read.push(...reader.push(stream.subarray(at, at + size)));
      expect(read).toEqual(frames);
      expect(reader.broken).toBe(0);
    }),
  );
});

it('after noise the next frame is read', () => {
  fc.assert(
    fc.property(FRAME, fc.uint8Array({ maxLength: 50 }), (frame, noise) => {
      const reader = new SerialFrameReader();
      reader.push(noise);
      // The flag that ends the noise may be taken by an escape in it no more than once.
      expect(reader.push(encodeSerialFrame(frame)).at(-1)).toEqual(frame);
    }),
  );
});

it('a frame with a wrong bit is no frame', () => {
  fc.assert(
    fc.property(FRAME, fc.nat(), fc.nat(7), (frame, at, bit) => {
      const octets = encodeSerialFrame(frame);
      const wrong = 1 + (at % (octets.length - 2));
      const reader = new SerialFrameReader();
      expect(reader.push(octets.with(wrong, (octets[wrong] as number) ^ (1 << bit)))).not.toContainEqual(frame);
    }),
  );
});

it('keeps no more than a frame of what never ends', () => {
  const reader = new SerialFrameReader();
  reader.push(Uint8Array.of(0x7e));
  reader.push(new Uint8Array(200_000).fill(1));
  expect(reader.broken).toBe(1);
  const frame = { address: 1, kind: 'hello', sequence: 0, message: new Uint8Array(0) } as const;
  expect(reader.push(encodeSerialFrame(frame))).toEqual([frame]);
});

it('refuses addresses that no TIM has', () => {
  for (const address of [0, 248, 1.5]) {
    expect(() => encodeSerialFrame({ address, kind: 'hello', sequence: 0, message: new Uint8Array(0) })).toThrow(
      'the address of a TIM',
    );
  }
});
