import { bitWidth } from '../bits/bit-width.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import { ExiError } from '../error.ts';
import type { RestrictedCharacters } from '../values/restricted-characters.ts';
import type { Name } from './name.ts';

/** How a value that is not in the table is told apart from one that is. @see EXI 1.0 §7.3.3 */
const LOCAL = 0;
const GLOBAL = 1;
const LITERAL = 2;

/** More strings than this are searched with a map. */
const FEW = 12;

/** The value partitions of the string table, as an encoder needs them. @see EXI 1.0 §7.3.3 */
export class StringEncoder {
  readonly #maxLength: number;
  readonly #capacity: number;
  readonly #maxEntries: number;
  readonly #usesLocalPartitions: boolean;
  /** The strings by their compact identifiers, of which the first `#count` are in use; whose they are, and their identifiers there. */
  readonly #texts: string[] = [];
  readonly #names: Name[] = [];
  readonly #localIds: number[] = [];
  #count = 0;
  /** Of a table with a capacity: the identifier to be given next; what has it is replaced. */
  #next = 0;
  /** Identifiers by string, once there are more than a few. */
  readonly #ids = new Map<string, number>();
  /** Compact identifiers given in the partition of each name, by its index. */
  readonly #localCounts: number[] = [];
  /** Indices of names that have any: the first `#touchedCount`. */
  readonly #touched: number[] = [];
  #touchedCount = 0;

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
    const id = this.#find(text);
    if (id >= 0) {
      if (this.#names[id] === name && this.#usesLocalPartitions) {
        out.writeByte(LOCAL);
        out.writeBits(this.#localIds[id] as number, bitWidth(this.#localCounts[name.index] as number));
      } else {
        out.writeByte(GLOBAL);
        out.writeBits(id, bitWidth(this.#count));
      }
      return;
    }
    if (text === '') {
      out.writeByte(LITERAL);
      return;
    }
    const length =
      characters === undefined ? out.writeCounted(text, LITERAL) : characters.writeCounted(out, text, LITERAL);
    if (length <= this.#maxLength && this.#capacity > 0) this.#add(name, text, out);
  }

  /** @returns the compact identifier of the string; -1 when it is not in the table */
  #find(text: string): number {
    const count = this.#count;
    if (count > FEW) return this.#ids.get(text) ?? -1;
    const texts = this.#texts;
    for (let id = 0; id < count; id++) if (texts[id] === text) return id;
    return -1;
  }

  #add(name: Name, text: string, out: BitWriter): void {
    const counts = this.#localCounts;
    while (counts.length <= name.index) counts.push(0);
    const localId = counts[name.index] as number;
    if (localId === 0) this.#touched[this.#touchedCount++] = name.index;
    counts[name.index] = localId + 1;
    const id = this.#next;
    const isNew = id === this.#count;
    if (isNew) this.#count++;
    if (this.#count > FEW) {
      if (this.#ids.size === 0) for (let each = 0; each < id; each++) this.#ids.set(this.#texts[each] as string, each);
      if (!isNew) this.#ids.delete(this.#texts[id] as string);
      this.#ids.set(text, id);
    }
    this.#texts[id] = text;
    this.#names[id] = name;
    this.#localIds[id] = localId;
    this.#next = id + 1 === this.#capacity ? 0 : id + 1;
    if (this.#count > this.#maxEntries) {
      throw new ExiError('limit', `the string table holds more than ${this.#maxEntries} strings`, out.position);
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (let i = 0; i < this.#touchedCount; i++) this.#localCounts[this.#touched[i] as number] = 0;
    this.#touchedCount = 0;
    if (this.#count > FEW) {
      this.#ids.clear();
      this.#texts.length = this.#names.length = this.#localIds.length = 0;
    }
    this.#count = this.#next = 0;
  }
}
