import type { BitReader } from '../bits/bit-reader.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import { collapse } from '../xml/characters.ts';
import { ValueCodec } from './codec.ts';

/** @see EXI 1.0 §7.1.2 */
export class BooleanCodec extends ValueCodec {
  #value = false;

  accepts(text: string): boolean {
    if (text === 'true' || text === '1') this.#value = true;
    else if (text === 'false' || text === '0') this.#value = false;
    else {
      const value = collapse(text);
      return value !== text && this.accepts(value);
    }
    return true;
  }

  write(out: BitWriter): void {
    out.writeBoolean(this.#value);
  }

  read(input: BitReader): string {
    return input.readBoolean() ? 'true' : 'false';
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? String(this.#value) : undefined;
  }
}

const LITERALS = ['false', '0', 'true', '1'];

/** Of a type with patterns, which may allow some of the four literals only. @see EXI 1.0 §7.1.2 */
export class BooleanLiteralCodec extends ValueCodec {
  #index = 0;

  accepts(text: string): boolean {
    this.#index = LITERALS.indexOf(collapse(text));
    return this.#index !== -1;
  }

  write(out: BitWriter): void {
    out.writeBits(this.#index, 2);
  }

  read(input: BitReader): string {
    return LITERALS[input.readBits(2)] as string;
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? LITERALS[this.#index & 2] : undefined;
  }
}
