import type { BitReader } from '../bits/bit-reader.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import type { Name } from '../string-table/name.ts';
import type { StringDecoder } from '../string-table/string-decoder.ts';
import type { StringEncoder } from '../string-table/string-encoder.ts';
import { collapse } from '../xml/characters.ts';
import { ValueCodec } from './codec.ts';

/** Items with their number before them. @see EXI 1.0 §7.1.11 */
export class ListCodec extends ValueCodec {
  readonly #item: ValueCodec;
  #items: readonly string[] = [];

  constructor(item: ValueCodec) {
    super();
    this.#item = item;
  }

  accepts(text: string): boolean {
    const items = itemsOf(text);
    if (!items.every((item) => this.#item.accepts(item))) return false;
    this.#items = items;
    return true;
  }

  write(out: BitWriter, strings: StringEncoder, name: Name): void {
    out.writeUnsigned(this.#items.length);
    for (const item of this.#items) {
      this.#item.accepts(item);
      this.#item.write(out, strings, name);
    }
  }

  read(input: BitReader, strings: StringDecoder, name: Name): string {
    const count = input.readUnsigned();
    strings.checkListItems(count, input);
    let text = '';
    for (let i = 0; i < count; i++) {
      text += i === 0 ? this.#item.read(input, strings, name) : ` ${this.#item.read(input, strings, name)}`;
    }
    return text;
  }

  canonical(text: string): string | undefined {
    const items = itemsOf(text).map((item) => this.#item.canonical(item));
    return items.includes(undefined) ? undefined : items.join(' ');
  }
}

function itemsOf(text: string): readonly string[] {
  const list = collapse(text);
  return list === '' ? [] : list.split(' ');
}
