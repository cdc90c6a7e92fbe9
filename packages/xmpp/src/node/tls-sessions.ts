/**
 * Where a client keeps what lets it resume TLS with one server: no certificate is sent then, and nothing is verified anew. What is kept is
 * as secret as the connection it came from.
 * @see RFC 8446 §2.2, RFC 5077
 */
export interface TlsSessionKeeper {
  load(): Buffer | undefined;
  /** @param session replaces the one before; good for one use */
  save(session: Buffer): void;
}

/** Keeps it as long as the program runs. */
export class MemoryTlsSessionKeeper implements TlsSessionKeeper {
  #kept: Buffer | undefined;

  load(): Buffer | undefined {
    return this.#kept;
  }

  save(session: Buffer): void {
    this.#kept = session;
  }
}
