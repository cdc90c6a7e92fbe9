import type { BitReader } from '../bits/bit-reader.ts';
import { bitWidth } from '../bits/bit-width.ts';
import { type BitWriter, characterCount } from '../bits/bit-writer.ts';
import { isXmlCharacter } from '../xml/characters.ts';

/** A restricted character set: its characters have compact identifiers, others follow one more. @see EXI 1.0 §7.1.10.1 */
export class RestrictedCharacters {
  readonly #codePoints: readonly number[];
  readonly #indices: ReadonlyMap<number, number>;
  readonly #bits: number;

  /** @param codePoints in ascending order */
  constructor(codePoints: readonly number[]) {
    this.#codePoints = codePoints;
    this.#indices = new Map(codePoints.map((codePoint, index) => [codePoint, index]));
    this.#bits = bitWidth(codePoints.length + 1);
  }

  /**
   * Writes a string behind its length, to which `added` is added.
   * @returns its length in characters
   */
  writeCounted(out: BitWriter, text: string, added: number): number {
    const length = characterCount(text);
    out.writeUnsigned(length + added);
    for (const character of text) {
      const codePoint = character.codePointAt(0) as number;
      const index = this.#indices.get(codePoint);
      out.writeBits(index ?? this.#codePoints.length, this.#bits);
      if (index === undefined) out.writeUnsigned(codePoint);
    }
    return length;
  }

  /** @param length in characters */
  read(input: BitReader, length: number): string {
    // No more characters than the bits at hand allow: a length is no reason to reserve memory.
    input.require(Math.floor((length * (input.aligned ? 8 : this.#bits)) / 8));
    let text = '';
    for (let i = 0; i < length; i++) {
      const index = input.readBits(this.#bits);
      if (index > this.#codePoints.length) throw input.malformed('no such character in the restricted set');
      const codePoint = index < this.#codePoints.length ? (this.#codePoints[index] as number) : input.readUnsigned();
      if (!isXmlCharacter(codePoint)) throw input.malformed('a character that XML does not allow');
      text += String.fromCodePoint(codePoint);
    }
    return text;
  }
}

const range = (first: string, last: string) =>
  Array.from({ length: last.charCodeAt(0) - first.charCodeAt(0) + 1 }, (_, i) => first.charCodeAt(0) + i);
const SPACES = [0x09, 0x0a, 0x0d, 0x20];
const set = (...parts: readonly (readonly number[])[]) => new RestrictedCharacters(parts.flat().sort((a, b) => a - b));
const characters = (text: string) => [...text].map((character) => character.charCodeAt(0));

/** Those of values whose lexical form is preserved. @see EXI 1.0 §7.1.10.1, table 7-2 */
export const LEXICAL_CHARACTERS = {
  base64Binary: set(SPACES, characters('+/='), range('0', '9'), range('A', 'Z'), range('a', 'z')),
  hexBinary: set(SPACES, range('0', '9'), range('A', 'F'), range('a', 'f')),
  boolean: set(SPACES, characters('01aeflrstu')),
  dateTime: set(SPACES, characters('+-.:TZ'), range('0', '9')),
  decimal: set(SPACES, characters('+-.'), range('0', '9')),
  double: set(SPACES, characters('+-.EFINae'), range('0', '9')),
  integer: set(SPACES, characters('+-'), range('0', '9')),
} as const;
