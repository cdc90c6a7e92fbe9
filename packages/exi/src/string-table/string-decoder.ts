import type { BitReader } from '../bits/bit-reader.ts';
import { bitWidth } from '../bits/bit-width.ts';
import { ExiError } from '../error.ts';
import type { ExiLimits } from '../limits.ts';
import type { RestrictedCharacters } from '../values/restricted-characters.ts';
import type { Name } from './name.ts';

/** The strings of one name. In a table with a capacity the oldest are replaced, and their identifiers never given again. */
class Partition {
  /** Identifiers given so far. */
  count = 0;
  /** Identifiers of strings replaced: all below. */
  gone = 0;
  /** Identifier of `texts[0]`. */
  first = 0;
  readonly texts: string[] = [];

  add(text: string): void {
    this.texts.push(text);
    this.count++;
  }

  get(id: number): string | undefined {
    return id < this.gone ? undefined : this.texts[id - this.first];
  }

  clear(): void {
    this.count = this.gone = this.first = 0;
    this.texts.length = 0;
  }

  /** Gives back the memory of strings replaced. */
  compact(): void {
    const unused = this.gone - this.first;
    if (unused > 32 && unused * 2 > this.texts.length) {
      this.texts.splice(0, unused);
      this.first = this.gone;
    }
  }
}

interface Addition {
  readonly partition: Partition;
  readonly replaced: Partition | undefined;
  readonly replacedText: string | undefined;
}

/** The value partitions of the string table, as a decoder needs them. @see EXI 1.0 §7.3.3 */
export class StringDecoder {
  readonly #maxLength: number;
  readonly #capacity: number;
  readonly #limits: ExiLimits;
  readonly #texts: string[] = [];
  /** Of a table with a capacity: whose string each is. */
  readonly #owners: Partition[] = [];
  #next = 0;
  /** By the index of the name. */
  readonly #partitions: (Partition | undefined)[] = [];
  /** Those with strings in them. */
  readonly #touched: Partition[] = [];
  /** What can be taken back, while reading what may be incomplete. */
  readonly #additions: Addition[] = [];
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
      const text = this.#texts[input.readBits(bitWidth(this.#texts.length))];
      if (text === undefined) throw input.malformed('no such string in the table');
      return text;
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
    if (partition.count === 0) this.#touched.push(partition);
    partition.add(text);
    let replaced: Partition | undefined;
    let replacedText: string | undefined;
    if (this.#capacity === Number.POSITIVE_INFINITY) {
      this.#texts.push(text);
    } else {
      const id = this.#next;
      replaced = this.#owners[id];
      replacedText = this.#texts[id];
      if (replaced !== undefined) replaced.gone++;
      this.#texts[id] = text;
      this.#owners[id] = partition;
      this.#next = id + 1 === this.#capacity ? 0 : id + 1;
    }
    if (this.#isUndoable) this.#additions.push({ partition, replaced, replacedText });
    else replaced?.compact();
    if (this.#texts.length > this.#limits.maxStringTableEntries) {
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
    if (this.#additions.length === 0) return;
    for (const { replaced } of this.#additions) replaced?.compact();
    this.#additions.length = 0;
  }

  rollback(): void {
    this.#isUndoable = false;
    for (let addition = this.#additions.pop(); addition; addition = this.#additions.pop()) {
      const { partition, replaced, replacedText } = addition;
      partition.texts.pop();
      partition.count--;
      if (this.#capacity === Number.POSITIVE_INFINITY) {
        this.#texts.pop();
        continue;
      }
      this.#next = this.#next === 0 ? this.#capacity - 1 : this.#next - 1;
      if (replaced === undefined) {
        this.#texts.pop();
        this.#owners.pop();
      } else {
        replaced.gone--;
        this.#texts[this.#next] = replacedText as string;
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
    this.#texts.length = 0;
    this.#owners.length = 0;
    this.#next = 0;
    for (const partition of this.#touched) partition.clear();
    this.#touched.length = 0;
    this.#additions.length = 0;
  }
}
