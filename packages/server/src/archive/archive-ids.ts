import { randomBytes } from 'node:crypto';

/** 2^48 milliseconds reach to the year 10889. */
const MAX_MS = 2 ** 48 - 1;
const MAX_ORDER = 2 ** 35 - 1;

/**
 * Makes UIDs of archived messages: each sorts after all before it, whatever the clock does, and none can be guessed from others.
 * Ten digits (base 32) of milliseconds, seven that order those of one millisecond and begin anywhere, ten of chance.
 * @see XEP-0313 §6.2, XEP-0359 §3
 */
export class ArchiveIds {
  #ms = 0;
  #order = 0;

  /** @param now milliseconds since 1970 */
  next(now: number): string {
    const random = randomBytes(12);
    if (now > this.#ms) {
      this.#ms = now;
      this.#order = random.readUInt32LE(0);
    } else {
      this.#order += 1 + random.readUInt16LE(0);
      if (this.#order > MAX_ORDER) {
        this.#ms++;
        this.#order = random.readUInt32LE(0);
      }
    }
    return digits(this.#ms, 10) + digits(this.#order, 7) + digits(random.readUIntLE(4, 6), 10);
  }

  /** From now on UIDs sort after this one, which another run may have made while the clock was ahead. */
  continueAfter(id: string): void {
    const ms = Number.parseInt(id.slice(0, 10), 32);
    if (ms >= this.#ms) {
      this.#ms = ms + 1;
      this.#order = 0;
    }
  }

  /** What no UID made at this moment or later sorts before. @param ms milliseconds since 1970 */
  static lowerBound(ms: number): string {
    return digits(Math.min(MAX_MS, Math.max(0, ms)), 10);
  }
}

function digits(value: number, length: number): string {
  return value.toString(32).padStart(length, '0');
}
