import { StanzaError } from '@thingward/xmpp';

/** What arrives while nobody looks, in order, until somebody takes it. Bounded: a sender that floods it makes it fail. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #capacity: number;
  /** Who waits until so many items have been dealt with. */
  readonly #readers = new Set<{ readonly items: number; readonly resolve: () => void }>();
  #pushed = 0;
  #taken = 0;
  #dealtWith = 0;
  #isClosed = false;
  #failure: unknown;
  #failed = false;
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(item: T): void {
    if (this.#failed) return;
    if (this.#items.length >= this.#capacity) {
      this.fail(new StanzaError('resource-constraint', `more than ${this.#capacity} messages wait to be read`));
      return;
    }
    this.#items.push(item);
    this.#pushed++;
    this.#wake?.();
  }

  /** Resolves when everything that is in it now has been taken and dealt with: when more is asked for after it, or nothing any more. */
  read(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#readers.add({ items: this.#pushed, resolve });
      this.#tellReaders();
    });
  }

  /** Nobody takes anything any more. */
  close(): void {
    this.#isClosed = true;
    this.#items.length = 0;
    for (const { resolve } of this.#readers) resolve();
    this.#readers.clear();
  }

  /** After what is in it already, `take` throws this. The first failure counts. */
  fail(reason: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#failure = reason;
    this.#wake?.();
  }

  /**
   * The next item, waiting for it.
   * @throws the failure; the signal's reason; StanzaError `remote-server-timeout` when nothing came in time
   */
  async take(timeoutMs: number, signal?: AbortSignal): Promise<T> {
    this.#dealtWith = this.#taken;
    this.#tellReaders();
    const arrived = () => this.#items.length > 0 || this.#failed;
    if (!arrived() && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        const wake = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', wake);
          this.#wake = undefined;
          resolve();
        };
        this.#wake = wake;
        signal?.addEventListener('abort', wake, { once: true });
      });
      this.#wake?.();
    }
    signal?.throwIfAborted();
    if (this.#items.length > 0) {
      this.#taken++;
      return this.#items.shift() as T;
    }
    if (this.#failed) throw this.#failure;
    throw new StanzaError('remote-server-timeout', `nothing came within ${timeoutMs} ms`);
  }

  #tellReaders(): void {
    for (const reader of this.#readers) {
      if (reader.items > this.#dealtWith) continue;
      this.#readers.delete(reader);
      reader.resolve();
    }
  }
}
