import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DHCP_OPTION, decodeDhcp, encodeInform, isAnswer, xmppServerName } from './dhcp-message.ts';
import { FindingError } from './finding-error.ts';

const text = (value: string) => Uint8Array.from(Buffer.from(value, 'latin1'));

/** A server's answer. */
function answer(options: readonly number[], change: (message: Buffer) => void = () => undefined): Uint8Array {
  const message = Buffer.alloc(240 + options.length);
  message.set([2, 1, 6, 0, 0, 0, 0, 7]);
  message.set([99, 130, 83, 99], 236);
  message.set(options, 240);
  change(message);
  return message;
}

describe('a message of DHCP', () => {
  it('asks for options alone', () => {
    const bytes = encodeInform({
      transaction: 7,
      hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
      address: '192.0.2.9',
      options: [224, 15],
    });
    expect(bytes.length).toBe(300);
    expect([...bytes.subarray(12, 16)]).toEqual([192, 0, 2, 9]);
    expect([...bytes.subarray(28, 34)]).toEqual([2, 0, 0, 0, 0, 1]);
    const decoded = decodeDhcp(bytes);
    expect(decoded.options).toEqual(
      new Map([
        [53, Uint8Array.of(8)],
        [55, Uint8Array.of(224, 15)],
      ]),
    );
    expect(isAnswer(decoded, 7)).toBe(false);
  });

  it('names the server as XEP-0347 prints it', () => {
    const decoded = decodeDhcp(answer([0, 224, 12, ...text('pronto.local'), 255, 224, 9]));
    expect(isAnswer(decoded, 7)).toBe(true);
    expect(isAnswer(decoded, 8)).toBe(false);
    expect(xmppServerName(decoded.options.get(DHCP_OPTION.xmppServer)!)).toBe('pronto.local');
  });

  it('may hold an option in parts, and in other fields', () => {
    const parts = decodeDhcp(answer([224, 3, ...text('pro'), 224, 3, ...text('nto'), 255])).options;
    expect(parts.get(224)).toEqual(text('pronto'));
    const overloaded = answer([52, 1, 3, 224, 1, 97, 255], (message) => {
      message.set([224, 1, 98, 255], 108);
      message.set([224, 1, 99, 255], 44);
    });
    expect(decodeDhcp(overloaded).options.get(224)).toEqual(text('abc'));
  });

  it.each([
    ['too short', new Uint8Array(239)],
    ['of BOOTP', answer([255], (message) => message.fill(0, 236, 240))],
    ['with an option without length', answer([224])],
    ['with an option that is cut off', answer([224, 5, 97])],
  ])('%s is refused', (_, bytes) => {
    expect(() => decodeDhcp(bytes)).toThrow(FindingError);
  });

  it('is qualified with the local domain', () => {
    expect(xmppServerName(text('Pronto\0'), 'example.org')).toBe('pronto.example.org');
    expect(xmppServerName(text('pronto.example.com.'), 'example.org')).toBe('pronto.example.com');
    for (const bad of ['', 'a b', '-a', 'a..b', '<x/>', 'a'.repeat(64)]) {
      expect(() => xmppServerName(text(bad))).toThrow(FindingError);
    }
  });

  it('of any bytes is read or refused', () => {
    const options = fc.uint8Array({ maxLength: 60 }).map((bytes) => answer([...bytes]));
    fc.assert(
      fc.property(fc.oneof(options, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        try {
          const { options: read } = decodeDhcp(bytes);
          let total = 0;
          for (const value of read.values()) total += value.length;
          expect(total).toBeLessThanOrEqual(bytes.length);
          xmppServerName(read.get(224) ?? text('a'));
        } catch (error) {
          expect(error).toBeInstanceOf(FindingError);
        }
      }),
    );
  });

  it('holds what was put into it', () => {
    const option = fc.tuple(
      fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52),
      fc.uint8Array({ maxLength: 255 }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(option, { selector: ([code]) => code, maxLength: 5 }), (options) => {
        const bytes = answer([...options.flatMap(([code, value]) => [code, value.length, ...value]), 255]);
        expect(decodeDhcp(bytes).options).toEqual(new Map(options));
      }),
    );
  });
});
