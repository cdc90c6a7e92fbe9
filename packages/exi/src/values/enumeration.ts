import type { BitReader } from '../bits/bit-reader.ts';
import { bitWidth } from '../bits/bit-width.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import { ValueCodec } from './codec.ts';

/** One of the values that a type lists, by its place in the list. @see EXI 1.0 §7.2 */
export class EnumerationCodec extends ValueCodec {
  readonly #values: readonly string[];
  readonly #indices: Map<string, number>;
  readonly #base: ValueCodec;
  readonly #bits: number;
  #index = 0;

  /** @param base how the type without the list understands its values: equal ones may be written differently */
  constructor(values: readonly string[], base: ValueCodec) {
    super();
    this.#values = values;
    this.#base = base;
    this.#bits = bitWidth(values.length);
    this.#indices = new Map();
    for (const form of [(value: string) => base.canonical(value) ?? value, (value: string) => value]) {
      for (let i = values.length - 1; i >= 0; i--) this.#indices.set(form(values[i] as string), i);
    }
  }

  accepts(text: string): boolean {
    let index = this.#indices.get(text);
    if (index === undefined) {
      const canonical = this.#base.canonical(text);
      index = canonical === undefined ? undefined : this.#indices.get(canonical);
    }
    if (index === undefined) return false;
    this.#index = index;
    return true;
  }

  write(out: BitWriter): void {
    out.writeBits(this.#index, this.#bits);
  }

  read(input: BitReader): string {
    const value = this.#values[input.readBits(this.#bits)];
    if (value === undefined) throw input.malformed('no such value in the enumeration');
    return value;
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? this.#values[this.#index] : undefined;
  }
}
