import { XmlError } from './error.ts';

/**
 * Finds where an element ends when it arrives in pieces, looking at each byte once. It counts tags and skips quotes and
 * CDATA and leaves all judgement to the scan of the whole element afterwards; that way no byte is scanned more than three times.
 */
export class FrameEnd {
  #at = 0;
  #depth = 0;
  #state: 'content' | 'tag' | 'quote' | 'cdata' = 'content';
  #quote = 0;
  #tagStart = 0;

  /** Forgets the element at hand: the next one begins at offset 0. */
  reset(): void {
    this.#at = this.#depth = 0;
    this.#state = 'content';
  }

  /**
   * @param bytes the element's bytes so far, from its `<`
   * @returns offset behind it; -1 when more is needed
   */
  find(bytes: Uint8Array): number {
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at] as number;
      if (this.#state === 'content') {
        const next = byte === 0x3c ? this.#at : bytes.indexOf(0x3c, this.#at);
        if (next === -1) {
          this.#at = bytes.length;
          return -1;
        }
        this.#at = this.#tagStart = next;
        this.#state = 'tag';
      } else if (this.#state === 'tag') {
        if (byte === 0x22 || byte === 0x27) {
          this.#quote = byte;
          this.#state = 'quote';
        } else if (byte === 0x3c) {
          throw new XmlError('not-well-formed', '< inside a tag', this.#at);
        } else if (byte === 0x5b && this.#at === this.#tagStart + 8) {
          this.#state = 'cdata';
        } else if (byte === 0x3e && this.#endOfTag(bytes)) {
          return this.#at + 1;
        }
      } else if (this.#state === 'quote') {
        if (byte === this.#quote) this.#state = 'tag';
      } else if (byte === 0x3e && bytes[this.#at - 1] === 0x5d && bytes[this.#at - 2] === 0x5d) {
        this.#state = 'content';
      }
    }
    return -1;
  }

  /** @returns whether the element ended with this `>` */
  #endOfTag(bytes: Uint8Array): boolean {
    this.#state = 'content';
    if (bytes[this.#tagStart + 1] === 0x2f) this.#depth--;
    else if (bytes[this.#at - 1] !== 0x2f) this.#depth++;
    return this.#depth <= 0;
  }
}
