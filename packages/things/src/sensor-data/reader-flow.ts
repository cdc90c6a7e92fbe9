/** The reader of a read-out does not answer any more. */
export class ReaderLostError extends Error {
  override readonly name = 'ReaderLostError';
  readonly code = 'reader-lost';
}

/**
 * Keeps a large read-out at the pace of its reader, wherever that is: after each window of messages the reader is asked whether it has
 * read them, and no more than two windows are on their way. Small read-outs end before anybody is asked.
 */
export class ReaderFlow {
  readonly #ask: () => Promise<void>;
  readonly #messagesPerWindow: number;
  #sent = 0;
  /** Settles when all windows but the last have been read. */
  #gate: Promise<void> = Promise.resolve();
  /** Settles when the last window has been read. */
  #unread: Promise<void> = Promise.resolve();

  /** @param ask resolves when the reader has read all that was sent; rejects when it is gone */
  constructor(ask: () => Promise<void>, messagesPerWindow: number) {
    this.#ask = ask;
    this.#messagesPerWindow = messagesPerWindow;
  }

  /** To be called for each message that was sent. Resolves when the next may be. @throws what asking throws */
  sent(): Promise<void> {
    this.#sent++;
    if (this.#sent % this.#messagesPerWindow === 0) {
      this.#gate = this.#unread;
      this.#unread = this.#gate.then(this.#ask);
      // Whoever sends next hears of it; at the end of a read-out nobody has to.
      this.#unread.catch(() => undefined);
    }
    return this.#gate;
  }
}
