import type { BitReader } from '../bits/bit-reader.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import type { Name } from '../string-table/name.ts';
import type { StringDecoder } from '../string-table/string-decoder.ts';
import type { StringEncoder } from '../string-table/string-encoder.ts';
import { collapse } from '../xml/characters.ts';
import { ValueCodec } from './codec.ts';
import type { RestrictedCharacters } from './restricted-characters.ts';

/** Any text, through the string table. @see EXI 1.0 §7.1.10 */
export class StringCodec extends ValueCodec {
  readonly #collapses: boolean;
  #text = '';

  /** @param collapses are values equal that differ in white space only? */
  constructor(collapses = false) {
    super();
    this.#collapses = collapses;
  }

  accepts(text: string): boolean {
    this.#text = text;
    return true;
  }

  write(out: BitWriter, strings: StringEncoder, name: Name): void {
    strings.write(out, name, this.#text);
  }

  read(input: BitReader, strings: StringDecoder, name: Name): string {
    return strings.read(input, name);
  }

  canonical(text: string): string {
    return this.#collapses ? collapse(text) : text;
  }
}

/** Text of few characters, each in few bits. @see EXI 1.0 §7.1.10.1 */
export class RestrictedStringCodec extends ValueCodec {
  readonly #characters: RestrictedCharacters;
  #text = '';

  constructor(characters: RestrictedCharacters) {
    super();
    this.#characters = characters;
  }

  accepts(text: string): boolean {
    this.#text = text;
    return true;
  }

  write(out: BitWriter, strings: StringEncoder, name: Name): void {
    strings.write(out, name, this.#text, this.#characters);
  }

  read(input: BitReader, strings: StringDecoder, name: Name): string {
    return strings.read(input, name, this.#characters);
  }

  canonical(text: string): string {
    return text;
  }
}

export const STRING_CODEC = new StringCodec();
