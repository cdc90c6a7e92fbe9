import { bitWidth } from '../bits/bit-width.ts';
import { type BitWriter, characterCount } from '../bits/bit-writer.ts';
import { ExiError } from '../error.ts';
import type { RestrictedCharacters } from '../values/restricted-characters.ts';
import type { Name } from './name.ts';

interface Entry {
  readonly text: string;
  readonly name: Name;
  readonly localId: number;
  readonly globalId: number;
}

/** How a value that is not in the table is told apart from one that is. @see EXI 1.0 §7.3.3 */
const LOCAL = 0;
const GLOBAL = 1;
const LITERAL = 2;

/** The value partitions of the string table, as an encoder needs them. @see EXI 1.0 §7.3.3 */
export class StringEncoder {
  readonly #maxLength: number;
  readonly #capacity: number;
  readonly #maxEntries: number;
  readonly #usesLocalPartitions: boolean;
  readonly #entries = new Map<string, Entry>();
  /** Of a table with a capacity: what has the compact identifiers, to be replaced in turn. */
  readonly #ring: Entry[] = [];
  #next = 0;
  /** Compact identifiers given in the partition of each name, by its index. */
  readonly #localCounts: number[] = [];
  /** Indices of names that have any. */
  readonly #touched: number[] = [];

  /** @param usesLocalPartitions false: the other side need not know which values a name had */
  constructor(
    maxLength: number | undefined,
    capacity: number | undefined,
    maxEntries: number,
    usesLocalPartitions = true,
  ) {
    this.#maxLength = maxLength ?? Number.POSITIVE_INFINITY;
    this.#capacity = capacity ?? Number.POSITIVE_INFINITY;
    this.#maxEntries = maxEntries;
    this.#usesLocalPartitions = usesLocalPartitions;
  }

  /** Writes a string value of an attribute or element. @param characters of a restricted set */
  write(out: BitWriter, name: Name, text: string, characters?: RestrictedCharacters): void {
    const entry = this.#entries.get(text);
    if (entry !== undefined) {
      if (entry.name === name && this.#usesLocalPartitions) {
        out.writeByte(LOCAL);
        out.writeBits(entry.localId, bitWidth(this.#localCounts[name.index] as number));
      } else {
        out.writeByte(GLOBAL);
        out.writeBits(entry.globalId, bitWidth(this.#entries.size));
      }
      return;
    }
    const length = characterCount(text);
    out.writeUnsigned(length + LITERAL);
    if (length === 0) return;
    if (characters === undefined) out.writeText(text);
    else characters.write(out, text);
    if (length <= this.#maxLength && this.#capacity > 0) this.#add(name, text, out);
  }

  #add(name: Name, text: string, out: BitWriter): void {
    const counts = this.#localCounts;
    while (counts.length <= name.index) counts.push(0);
    const localId = counts[name.index] as number;
    if (localId === 0) this.#touched.push(name.index);
    counts[name.index] = localId + 1;
    const isBounded = this.#capacity !== Number.POSITIVE_INFINITY;
    const globalId = isBounded ? this.#next : this.#entries.size;
    const entry: Entry = { text, name, localId, globalId };
    if (isBounded) {
      const replaced = this.#ring[globalId];
      if (replaced !== undefined) this.#entries.delete(replaced.text);
      this.#ring[globalId] = entry;
      this.#next = globalId + 1 === this.#capacity ? 0 : globalId + 1;
    }
    this.#entries.set(text, entry);
    if (this.#entries.size > this.#maxEntries) {
      throw new ExiError('limit', `the string table holds more than ${this.#maxEntries} strings`, out.position);
    }
  }

  /** Forgets everything. */
  clear(): void {
    if (this.#entries.size > 0) this.#entries.clear();
    this.#ring.length = 0;
    this.#next = 0;
    for (const index of this.#touched) this.#localCounts[index] = 0;
    this.#touched.length = 0;
  }
}
