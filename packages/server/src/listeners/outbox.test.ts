import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Outbox } from './outbox.ts';

describe('Outbox', () => {
  it('gives out what was put in, in order', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3000 }),
      fc
        .uint8Array({ maxLength: 3000 })
        .map((bytes) => ({ bytes, start: bytes.length >> 2, end: bytes.length - (bytes.length >> 3) })),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 20 }), (parts) => {
        const outbox = new Outbox();
        const expected: Uint8Array[] = [];
        for (const item of parts) {
          if (typeof item === 'string') {
            outbox.appendText(item);
            expected.push(Buffer.from(item));
          } else {
            outbox.append(item.bytes, item.start, item.end);
            expected.push(item.bytes.slice(item.start, item.end));
          }
        }
        const whole = Buffer.concat(expected);
        expect(outbox.length).toBe(whole.length);
        expect(outbox.take().equals(whole)).toBe(true);
        expect(outbox.length).toBe(0);
      }),
    );
  });
});
