import type { ByteSink } from '../stanza.ts';

const SMALLEST = 1024;
/** Copying so few bytes one by one is faster than asking the engine to. */
const FEW = 32;

/** Collects what is to be sent within one turn of the event loop, so that it leaves in one write. */
export class Outbox implements ByteSink {
  #bytes: Buffer | undefined;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    const target = this.#room(count);
    if (count <= FEW) {
      let at = this.#length;
      for (let i = start; i < end; i++) target[at++] = bytes[i] as number;
    } else {
      target.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.#length);
    }
    this.#length += count;
  }

  appendText(text: string): void {
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    const target = this.#room(text.length * 3);
    this.#length += target.write(text, this.#length, 'utf8');
  }

  /** Takes all out. */
  take(): Buffer {
    const bytes = (this.#bytes as Buffer).subarray(0, this.#length);
    this.#bytes = undefined;
    this.#length = 0;
    return bytes;
  }

  #room(count: number): Buffer {
    const needed = this.#length + count;
    if (this.#bytes === undefined) this.#bytes = Buffer.allocUnsafe(Math.max(SMALLEST, needed));
    else if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, needed));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}
