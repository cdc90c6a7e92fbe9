import type { BitReader } from '../bits/bit-reader.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import type { StringDecoder } from '../string-table/string-decoder.ts';
import { ValueCodec } from './codec.ts';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_VALUE: Int8Array = (() => {
  const table = new Int8Array(128).fill(-1);
  for (let i = 0; i < 64; i++) table[BASE64.charCodeAt(i)] = i;
  return table;
})();
const HEX = '0123456789ABCDEF';

/** Octets with their number before them. @see EXI 1.0 §7.1.1 */
abstract class BinaryCodec extends ValueCodec {
  #octets = new Uint8Array(0);

  protected abstract parse(text: string): Uint8Array<ArrayBuffer> | undefined;
  protected abstract format(octets: Uint8Array): string;

  accepts(text: string): boolean {
    const octets = this.parse(text);
    if (octets === undefined) return false;
    this.#octets = octets;
    return true;
  }

  write(out: BitWriter): void {
    out.writeUnsigned(this.#octets.length);
    out.writeOctets(this.#octets);
  }

  read(input: BitReader, strings: StringDecoder): string {
    const length = input.readUnsigned();
    strings.checkLength(length, input);
    return this.format(input.readOctets(length));
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? this.format(this.#octets) : undefined;
  }
}

export class Base64BinaryCodec extends BinaryCodec {
  protected parse(text: string): Uint8Array<ArrayBuffer> | undefined {
    const digits = text.replace(/[ \t\n\r]+/g, '');
    if (digits.length % 4 !== 0) return undefined;
    const padding = digits.endsWith('==') ? 2 : digits.endsWith('=') ? 1 : 0;
    const octets = new Uint8Array((digits.length / 4) * 3 - padding);
    let at = 0;
    let bits = 0;
    let value = 0;
    for (let i = 0; i < digits.length - padding; i++) {
      const code = digits.charCodeAt(i);
      const digit = code < 128 ? (BASE64_VALUE[code] as number) : -1;
      if (digit < 0) return undefined;
      value = ((value << 6) | digit) & 0xffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        octets[at++] = value >>> bits;
      }
    }
    return octets;
  }

  protected format(octets: Uint8Array): string {
    let text = '';
    for (let i = 0; i < octets.length; i += 3) {
      const left = octets.length - i;
      const value = ((octets[i] as number) << 16) | ((octets[i + 1] ?? 0) << 8) | (octets[i + 2] ?? 0);
      text += (BASE64[value >> 18] as string) + BASE64[(value >> 12) & 63];
      text += left > 1 ? BASE64[(value >> 6) & 63] : '=';
      text += left > 2 ? BASE64[value & 63] : '=';
    }
    return text;
  }
}

export class HexBinaryCodec extends BinaryCodec {
  protected parse(text: string): Uint8Array<ArrayBuffer> | undefined {
    const digits = text.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, '');
    if (digits.length % 2 !== 0) return undefined;
    const octets = new Uint8Array(digits.length / 2);
    for (let i = 0; i < octets.length; i++) {
      const high = HEX.indexOf((digits[i * 2] as string).toUpperCase());
      const low = HEX.indexOf((digits[i * 2 + 1] as string).toUpperCase());
      if (high < 0 || low < 0) return undefined;
      octets[i] = high * 16 + low;
    }
    return octets;
  }

  protected format(octets: Uint8Array): string {
    let text = '';
    for (const octet of octets) text += (HEX[octet >> 4] as string) + HEX[octet & 15];
    return text;
  }
}
