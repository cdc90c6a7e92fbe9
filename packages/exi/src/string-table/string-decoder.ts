import type { BitReader } from '../bits/bit-reader.ts';
import { bitWidth } from '../bits/bit-width.ts';
import { ExiError } from '../error.ts';
import type { ExiLimits } from '../limits.ts';
import type { RestrictedCharacters } from '../values/restricted-characters.ts';
import type { Name } from './name.ts';

/** A list that is cleared keeps the room of so many strings at most. */
const MAX_SPARE = 64;

/** The strings of one name. In a table with a capacity the oldest are replaced, and their identifiers never given again. */
class Partition {
  /** Identifiers given so far. */
  count = 0;
  /** Identifiers of strings replaced: all below. */
  gone = 0;
  /** Identifier of `texts[0]`. */
  first = 0;
  /** Those in use, up to `count - first`; what is behind them is forgotten. */
  readonly texts: string[] = [];

  add(text: string): void {
    this.texts[this.count - this.first] = text;
    this.count++;
  }

  get(id: number): string | undefined {
    return id < this.gone || id >= this.count ? undefined : this.texts[id - this.first];
  }

  clear(): void {
    this.count = this.gone = this.first = 0;
    if (this.texts.length > MAX_SPARE) this.texts.length = 0;
  }

  /** Gives back the memory of strings replaced. */
  compact(): void {
    const unused = this.gone - this.first;
    if (unused > 32 && unused * 2 > this.count - this.first) {
      this.texts.splice(0, unused);
      this.first = this.gone;
    }
  }
}

/** The value partitions of the string table, as a decoder needs them. @see EXI 1.0 §7.3.3 */
export class StringDecoder {
  readonly #maxLength: number;
  readonly #capacity: number;
  readonly #limits: ExiLimits;
  /** All strings: the first `#count`. */
  readonly #texts: string[] = [];
  #count = 0;
  /** Of a table with a capacity: whose string each is. */
  readonly #owners: Partition[] = [];
  #next = 0;
  /** By the index of the name. */
  readonly #partitions: (Partition | undefined)[] = [];
  /** Those with strings in them: the first `#touchedCount`. */
  readonly #touched: Partition[] = [];
  #touchedCount = 0;
  /** What can be taken back, while reading what may be incomplete: where each string was added, and in the place of which. */
  readonly #added: Partition[] = [];
  readonly #replaced: (Partition | undefined)[] = [];
  readonly #replacedTexts: (string | undefined)[] = [];
  #addedCount = 0;
  #isUndoable = false;

  constructor(maxLength: number | undefined, capacity: number | undefined, limits: ExiLimits) {
    this.#maxLength = maxLength ?? Number.POSITIVE_INFINITY;
    this.#capacity = capacity ?? Number.POSITIVE_INFINITY;
    this.#limits = limits;
  }

  /** Reads a string value of an attribute or element. @param characters of a restricted set */
  read(input: BitReader, name: Name, characters?: RestrictedCharacters): string {
    const lead = input.readUnsigned();
    if (lead === 0) {
      const partition = this.#partitions[name.index];
      const text = partition?.get(input.readBits(bitWidth(partition.count)));
      if (text === undefined) throw input.malformed('no such string in the partition of the name');
      return text;
    }
    if (lead === 1) {
      const id = input.readBits(bitWidth(this.#count));
      if (id >= this.#count) throw input.malformed('no such string in the table');
      return this.#texts[id] as string;
    }
    const length = lead - 2;
    if (length === 0) return '';
    this.checkLength(length, input);
    const text = characters === undefined ? input.readText(length) : characters.read(input, length);
    if (length <= this.#maxLength && this.#capacity > 0) this.#add(name, text, input);
    return text;
  }

  #add(name: Name, text: string, input: BitReader): void {
    let partition = this.#partitions[name.index];
    if (partition === undefined) {
      while (this.#partitions.length < name.index) this.#partitions.push(undefined);
      partition = new Partition();
      this.#partitions[name.index] = partition;
    }
    if (partition.count === 0) this.#touched[this.#touchedCount++] = partition;
    partition.add(text);
    let replaced: Partition | undefined;
    let replacedText: string | undefined;
    if (this.#capacity === Number.POSITIVE_INFINITY) {
      this.#texts[this.#count++] = text;
    } else {
      const id = this.#next;
      if (id < this.#count) {
        replaced = this.#owners[id] as Partition;
        replacedText = this.#texts[id];
        replaced.gone++;
      } else {
        this.#count++;
      }
      this.#texts[id] = text;
      this.#owners[id] = partition;
      this.#next = id + 1 === this.#capacity ? 0 : id + 1;
    }
    if (this.#isUndoable) {
      const at = this.#addedCount++;
      this.#added[at] = partition;
      this.#replaced[at] = replaced;
      this.#replacedTexts[at] = replacedText;
    } else {
      replaced?.compact();
    }
    if (this.#count > this.#limits.maxStringTableEntries) {
      throw new ExiError(
        'limit',
        `the string table holds more than ${this.#limits.maxStringTableEntries} strings`,
        input.position,
      );
    }
  }

  /** From now on, until `commit`, what is added can be taken back. */
  begin(): void {
    this.#isUndoable = true;
  }

  commit(): void {
    this.#isUndoable = false;
    for (; this.#addedCount > 0; this.#addedCount--) this.#replaced[this.#addedCount - 1]?.compact();
  }

  rollback(): void {
    this.#isUndoable = false;
    while (this.#addedCount > 0) {
      const at = --this.#addedCount;
      (this.#added[at] as Partition).count--;
      const replaced = this.#replaced[at];
      if (replaced === undefined) this.#count--;
      if (this.#capacity === Number.POSITIVE_INFINITY) continue;
      this.#next = this.#next === 0 ? this.#capacity - 1 : this.#next - 1;
      if (replaced !== undefined) {
        replaced.gone--;
        this.#texts[this.#next] = this.#replacedTexts[at] as string;
        this.#owners[this.#next] = replaced;
      }
    }
  }

  /** @throws ExiError `limit` for a value that is too long, before anything is done about it */
  checkLength(length: number, input: BitReader): void {
    if (length > this.#limits.maxValueLength) {
      throw new ExiError('limit', `a value is longer than ${this.#limits.maxValueLength}`, input.position);
    }
  }

  checkListItems(count: number, input: BitReader): void {
    if (count > this.#limits.maxListItems) {
      throw new ExiError('limit', `a list has more than ${this.#limits.maxListItems} items`, input.position);
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (let i = 0; i < this.#touchedCount; i++) (this.#touched[i] as Partition).clear();
    if (this.#count > MAX_SPARE) this.#texts.length = this.#owners.length = this.#touched.length = 0;
    this.#count = this.#next = this.#touchedCount = this.#addedCount = 0;
  }
}
