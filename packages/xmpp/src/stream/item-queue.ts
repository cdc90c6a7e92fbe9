import type { StreamItem } from './xml-stream.ts';

/** Items that arrived and were not read yet, for one reader. Asks its source to pause when it grows. */
export class ItemQueue {
  readonly #items: StreamItem[] = [];
  readonly #pause: (paused: boolean) => void;
  #waiting: { resolve: (item: StreamItem) => void; reject: (error: Error) => void } | undefined;
  #error: Error | undefined;
  #paused = false;

  static readonly HIGH_WATER = 256;
  static readonly LOW_WATER = 32;

  /** @param pause told to stop (true) and go on (false) producing items */
  constructor(pause: (paused: boolean) => void) {
    this.#pause = pause;
  }

  push(item: StreamItem): void {
    if (this.#waiting) {
      this.#waiting.resolve(item);
      this.#waiting = undefined;
      return;
    }
    this.#items.push(item);
    if (!this.#paused && this.#items.length >= ItemQueue.HIGH_WATER) this.#setPaused(true);
  }

  /** What was pushed can still be read; after that, reading fails with the error. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }

  read(): Promise<StreamItem> {
    const item = this.#items.shift();
    if (item !== undefined) {
      if (this.#paused && this.#items.length <= ItemQueue.LOW_WATER) this.#setPaused(false);
      return Promise.resolve(item);
    }
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#pause(paused);
  }
}
