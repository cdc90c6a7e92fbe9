import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageProgress } from './message-progress.ts';

interface WebSocketFrame {
  readonly final: boolean;
  readonly opcode: number;
  readonly length: number;
}

/** A masked frame, as clients send them. */
function bytesOf({ final, opcode, length }: WebSocketFrame): Buffer {
  const header = [(final ? 0x80 : 0) | opcode];
  if (length < 126) header.push(0x80 | length);
  else if (length < 65_536) header.push(0x80 | 126, length >> 8, length & 0xff);
  else header.push(0x80 | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff);
  return Buffer.concat([Buffer.from([...header, 1, 2, 3, 4]), Buffer.alloc(length, 0xff)]);
}

const length = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(125, 126, 65_535, 65_536));
const control = fc.record({
  final: fc.constant(true),
  opcode: fc.constantFrom(8, 9, 10),
  length: fc.integer({ min: 0, max: 125 }),
});
/** A message in fragments, with frames of control between them. */
const message = fc
  .array(fc.tuple(length, fc.array(control, { maxLength: 2 })), { minLength: 1, maxLength: 4 })
  .map((fragments) =>
    fragments.flatMap(([size, controls], i) => [
      { final: i === fragments.length - 1, opcode: i === 0 ? 1 : 0, length: size },
      ...(i === fragments.length - 1 ? [] : controls),
    ]),
  );

describe('the progress of messages', () => {
  it('knows at every byte whether a message or a frame is unfinished', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            message,
            control.map((frame) => [frame]),
          ),
          { maxLength: 4 },
        ),
        fc.nat(),
        (all, cut) => {
          const units = all.map((frames) => Buffer.concat(frames.map(bytesOf)));
          const bytes = Buffer.concat(units);
          const at = bytes.length === 0 ? 0 : cut % (bytes.length + 1);
          const boundaries = new Set([0]);
          let end = 0;
          for (const unit of units) {
            end += unit.length;
            boundaries.add(end);
          }
          const progress = new MessageProgress();
          for (let start = 0; start < at; start += 7) progress.take(bytes.subarray(start, Math.min(at, start + 7)));
          expect(progress.isPartial).toBe(!boundaries.has(at));
          progress.take(bytes.subarray(at));
          expect(progress.isPartial).toBe(false);
        },
      ),
    );
  });

  it('takes whatever comes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => new MessageProgress().take(bytes)));
  });
});
