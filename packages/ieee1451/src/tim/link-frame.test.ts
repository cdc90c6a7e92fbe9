import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Ieee1451Error } from '../error.ts';
import { decodeLinkFrame, encodeLinkFrame, LINK_KINDS, LinkFrameReader } from './link-frame.ts';

const FRAME = fc.record({
  kind: fc.constantFrom(...LINK_KINDS),
  sequence: fc.nat(0xffff),
  message: fc.uint8Array({ maxLength: 300 }),
});

it('frames are the same however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(FRAME, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (frames, size) => {
      const stream = Uint8Array.from(frames.flatMap((frame) => [...encodeLinkFrame(frame)]));
      const reader = new LinkFrameReader();
      const read = [];
      for (let at = 0; at < stream.length; at += size) read.push(...reader.push(stream.subarray(at, at + size)));
      expect(read).toEqual(frames);
    }),
  );
});

it('what is no frame is refused', () => {
  expect(() => new LinkFrameReader().push(Uint8Array.of(6))).toThrow('there is no kind of frame 6 (at octet 0)');
  expect(() => new LinkFrameReader().push(Uint8Array.of(1, 0, 0, 2, 0, 0))).toThrow(
    "can't have 131072 octets (at octet 3)",
  );
});

it('a datagram is one whole frame', () => {
  fc.assert(
    fc.property(FRAME, fc.uint8Array({ minLength: 1, maxLength: 3 }), (frame, rest) => {
      const octets = encodeLinkFrame(frame);
      expect(decodeLinkFrame(octets)).toEqual(frame);
      expect(() => decodeLinkFrame(Uint8Array.of(...octets, ...rest))).toThrow(Ieee1451Error);
      expect(() => decodeLinkFrame(octets.subarray(0, -1))).toThrow(Ieee1451Error);
    }),
  );
});
