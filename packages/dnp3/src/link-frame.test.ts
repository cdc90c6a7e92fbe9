import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFrame } from '../test/arbitrary.ts';
import { Dnp3Error } from './error.ts';
import { decodeLinkFrame, encodeLinkFrame, type LinkFrame } from './link-frame.ts';
import { LinkFrameReader } from './link-frame-reader.ts';
import { formatHex, parseHex } from './octets.ts';

const hex = (text: string) => parseHex(text.replaceAll(' ', '')) as Uint8Array;

/** Frames as other implementations write them. */
const FRAMES: readonly (readonly [string, LinkFrame])[] = [
  [
    '05 64 05 c0 01 00 00 04 e9 21',
    {
      control: { fromMaster: true, primary: true, frameCount: false, countValidOrBusy: false, function: 0 },
      destination: 1,
      source: 1024,
      userData: new Uint8Array(0),
    },
  ],
  [
    '05 64 14 f3 01 00 00 04 0a 3b c0 c3 01 3c 02 06 3c 03 06 3c 04 06 3c 01 06 9a 12',
    {
      control: { fromMaster: true, primary: true, frameCount: true, countValidOrBusy: true, function: 3 },
      destination: 1,
      source: 1024,
      userData: hex('c0 c3 01 3c 02 06 3c 03 06 3c 04 06 3c 01 06'),
    },
  ],
];

describe('a frame', () => {
  it.each(FRAMES)('%s', (text, frame) => {
    expect(decodeLinkFrame(hex(text))).toEqual({ frame, end: hex(text).length });
    expect(formatHex(encodeLinkFrame(frame))).toBe(text.replaceAll(' ', ''));
  });

  it('is the same after it was written and read, and no part of it is enough', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, cut) => {
        const octets = encodeLinkFrame(frame);
        expect(decodeLinkFrame(octets)).toEqual({ frame, end: octets.length });
        expect(decodeLinkFrame(octets.subarray(0, cut % octets.length))).toBeUndefined();
      }),
    );
  });

  it('with any one octet changed is refused with the place, or is not complete', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.integer({ min: 1, max: 255 }), (frame, at, mask) => {
        const octets = encodeLinkFrame(frame);
        const changed = octets.with(at % octets.length, (octets[at % octets.length] as number) ^ mask);
        expect(() => decodeLinkFrame(changed)).toThrow(Dnp3Error);
        try {
          decodeLinkFrame(changed);
        } catch (error) {
          expect((error as Dnp3Error).offset).toBeLessThan(octets.length);
        }
      }),
    );
  });

  it('holds 250 octets at most', () => {
    const frame = { ...(FRAMES[0] as (typeof FRAMES)[0])[1], userData: new Uint8Array(251) };
    expect(() => encodeLinkFrame(frame)).toThrow('a number of octets in a frame of 251: 0 to 250 are allowed');
  });
});

describe('a stream of frames', () => {
  it('gives the same frames however it is cut, with noise between them', () => {
    const noise = fc.uint8Array({ maxLength: 6 }).map((octets) => octets.map((octet) => (octet === 5 ? 6 : octet)));
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, anyFrame), { maxLength: 5 }), fc.array(fc.nat()), (parts, cuts) => {
        const octets = parts.flatMap(([before, frame]) => [...before, ...encodeLinkFrame(frame)]);
        const ends = [...cuts.map((cut) => cut % (octets.length + 1)), octets.length].sort((a, b) => a - b);
        const reader = new LinkFrameReader();
        const frames = ends.flatMap((end, i) => reader.push(Uint8Array.from(octets.slice(ends[i - 1] ?? 0, end))));
        expect(frames).toEqual(parts.map(([, frame]) => frame));
        expect(reader.pending).toBe(0);
      }),
    );
  });

  it('gives up a frame that was cut off when there is a pause, and finds what it has swallowed', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.array(anyFrame, { maxLength: 3 }), (lost, cut, frames) => {
        const octets = encodeLinkFrame(lost);
        const rest = frames.flatMap((frame) => [...encodeLinkFrame(frame)]);
        const reader = new LinkFrameReader();
        const found = [
          ...reader.push(octets.subarray(0, cut % octets.length)),
          ...reader.push(Uint8Array.from(rest)),
          ...reader.silence(),
        ];
        expect(found).toEqual(frames);
        expect(reader.pending).toBe(0);
      }),
    );
  });

  it('never keeps more than a frame, whatever comes', () => {
    const problems: Dnp3Error[] = [];
    const reader = new LinkFrameReader((problem) => problems.push(problem));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        reader.push(octets);
        reader.push(hex('05 64 ff'));
        expect(reader.pending).toBeLessThan(292);
      }),
    );
    expect(problems.length).toBeGreaterThan(0);
  });
});
