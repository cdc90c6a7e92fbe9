/** What lets a client resume TLS with one server. As secret as the connection it came from. @see RFC 8446 §2.2, RFC 5077 */
export interface KeptTlsSession {
  readonly session: Uint8Array;
  /** Of the server, as DER: it is not sent again, and only who has its key can resume. */
  readonly certificate: Uint8Array;
}

/** Where a client keeps what lets it resume TLS: no certificate is sent then, which is most of a handshake. */
export interface TlsSessionKeeper {
  load(): KeptTlsSession | undefined;
  /** @param kept replaces the one before */
  save(kept: KeptTlsSession): void;
}

/** Keeps it as long as the program runs. */
export class MemoryTlsSessionKeeper implements TlsSessionKeeper {
  #kept: KeptTlsSession | undefined;

  load(): KeptTlsSession | undefined {
    return this.#kept;
  }

  save(kept: KeptTlsSession): void {
    this.#kept = kept;
  }
}
