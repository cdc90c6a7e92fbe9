import type { BitWriter } from '../bits/bit-writer.ts';
import type { ExiOptions } from '../options.ts';
import type { Name } from '../string-table/name.ts';
import type { StringEncoder } from '../string-table/string-encoder.ts';
import type { ValueCodec } from '../values/codec.ts';
import { type Deflate, SMALL_CHANNEL } from './deflate.ts';

interface Value {
  readonly codec: ValueCodec;
  readonly text: string;
}

/** Collects the values of a block by name while its structure is written, then writes them behind it. @see EXI 1.0 §9 */
export class ValueChannels {
  readonly #blockSize: number;
  readonly #deflate: Deflate | undefined;
  /** In the order of their first values. */
  readonly #channels = new Map<Name, Value[]>();
  #count = 0;
  /** Blocks that are complete, compressed; before what `out` holds. */
  readonly #done: Uint8Array[] = [];

  constructor(options: ExiOptions, deflate: Deflate) {
    this.#blockSize = options.blockSize;
    this.#deflate = options.alignment === 'compression' ? deflate : undefined;
  }

  /** Adds a value; a block ends with its last one. */
  add(name: Name, codec: ValueCodec, text: string, out: BitWriter, strings: StringEncoder): void {
    const value = { codec, text };
    const channel = this.#channels.get(name);
    if (channel === undefined) this.#channels.set(name, [value]);
    else channel.push(value);
    if (++this.#count === this.#blockSize) this.closeBlock(out, strings);
  }

  /** Ends the block; `out` has its structure, or nothing when there is no more to say. */
  closeBlock(out: BitWriter, strings: StringEncoder): void {
    const isEmpty = out.position === this.#before && this.#count === 0;
    if (!isEmpty) this.#write(out, strings);
    this.#channels.clear();
    this.#count = 0;
    this.#before = out.position;
  }

  /** Where in `out` the block begins. */
  #before = 0;

  #write(out: BitWriter, strings: StringEncoder): void {
    const channels = [...this.#channels];
    if (this.#count <= SMALL_CHANNEL) {
      for (const [name, values] of channels) writeChannel(out, strings, name, values);
      this.#compress(out);
      return;
    }
    this.#compress(out);
    const small = channels.filter(([, values]) => values.length <= SMALL_CHANNEL);
    for (const [name, values] of small) writeChannel(out, strings, name, values);
    if (small.length > 0) this.#compress(out);
    for (const [name, values] of channels) {
      if (values.length <= SMALL_CHANNEL) continue;
      writeChannel(out, strings, name, values);
      this.#compress(out);
    }
  }

  /** Makes one compressed stream of what was written since the last. */
  #compress(out: BitWriter): void {
    if (this.#deflate === undefined) return;
    const header = this.#headerBytes;
    const bytes = out.take();
    if (header > 0) this.#done.push(bytes.subarray(0, header));
    this.#headerBytes = 0;
    this.#done.push(this.#deflate(bytes.subarray(header)));
  }

  /** Bytes at the start of `out` that are not to be compressed: the header. */
  #headerBytes = 0;

  /** Begins a document behind what `out` holds already. */
  start(out: BitWriter): void {
    this.clear();
    this.#before = out.position;
    this.#headerBytes = out.position / 8;
  }

  /** Gives away what was compressed. */
  take(out: BitWriter): Uint8Array {
    const parts = [...this.#done, out.take()];
    this.#done.length = 0;
    this.#headerBytes = 0;
    this.#before = out.position;
    return parts.length === 1 ? (parts[0] as Uint8Array) : concatenate(parts);
  }

  clear(): void {
    this.#channels.clear();
    this.#count = 0;
    this.#done.length = 0;
    this.#before = this.#headerBytes = 0;
  }
}

function writeChannel(out: BitWriter, strings: StringEncoder, name: Name, values: readonly Value[]): void {
  for (const { codec, text } of values) {
    codec.accepts(text);
    codec.write(out, strings, name);
  }
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
