/** Of the longest header of a frame: two bytes, eight of length, four of mask. */
const MAX_HEADER_BYTES = 14;
const FINAL = 0x80;
const OPCODE = 0x0f;
const FIRST_CONTROL = 0x8;
const MASKED = 0x80;
const LENGTH = 0x7f;

/** Follows what comes on a WebSocket, whole or in parts, to know whether a message has begun and not ended. @see RFC 6455 §5.2 */
export class MessageProgress {
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** Bytes of the frame's content that are still to come. */
  #left = 0;
  #isControl = false;
  #isFinal = false;
  #isOpen = false;

  /** Is the rest of a frame or of a message to be expected? */
  get isPartial(): boolean {
    return this.#isOpen || this.#headerBytes > 0 || this.#left > 0;
  }

  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, bytes.length - at);
        this.#left -= count;
        at += count;
        if (this.#left === 0) this.#frameEnds();
      } else {
        this.#header[this.#headerBytes++] = bytes[at++] as number;
        if (this.#headerBytes === this.#headerLength) this.#frameBegins();
      }
    }
  }

  get #headerLength(): number {
    if (this.#headerBytes < 2) return 2;
    const second = this.#header[1] as number;
    return 2 + lengthBytes(second & LENGTH) + (second & MASKED ? 4 : 0);
  }

  #frameBegins(): void {
    const [first = 0, second = 0] = this.#header;
    this.#headerBytes = 0;
    this.#isControl = (first & OPCODE) >= FIRST_CONTROL;
    this.#isFinal = (first & FINAL) !== 0;
    const short = second & LENGTH;
    const more = lengthBytes(short);
    this.#left =
      more === 0 ? short : more === 2 ? this.#header.readUInt16BE(2) : Number(this.#header.readBigUInt64BE(2));
    if (!this.#isControl) this.#isOpen = true;
    if (this.#left === 0) this.#frameEnds();
  }

  /** A frame of control may come amid a message (RFC 6455 §5.4). */
  #frameEnds(): void {
    if (!this.#isControl && this.#isFinal) this.#isOpen = false;
  }
}

function lengthBytes(short: number): number {
  return short === 126 ? 2 : short === 127 ? 8 : 0;
}
