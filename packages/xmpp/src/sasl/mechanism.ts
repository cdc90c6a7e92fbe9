/** The client's side of one authentication exchange. Data is what the mechanism's specification calls a message. */
export interface SaslClientMechanism {
  readonly name: string;
  /** The initial response. */
  start(): Promise<Uint8Array>;
  /** @throws SaslError when the challenge is not what it must be */
  respond(challenge: Uint8Array): Promise<Uint8Array>;
  /** Checks what came with success. @throws SaslError when the server did not prove that it knows the account */
  finish(data: Uint8Array | undefined): Promise<void>;
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  | { readonly kind: 'success'; readonly username: string; readonly data?: Uint8Array };

/** The server's side of one authentication exchange. */
export interface SaslServerMechanism {
  readonly name: string;
  /** @throws SaslError */
  step(message: Uint8Array): Promise<SaslStep>;
}

/** What a server keeps of a password for one SCRAM mechanism. @see RFC 5802 §3 */
export interface ScramKeys {
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iterations: number;
  readonly storedKey: Uint8Array<ArrayBuffer>;
  readonly serverKey: Uint8Array<ArrayBuffer>;
}

export type ScramHash = 'SHA-1' | 'SHA-256';

/** Where a server finds what it keeps of passwords. */
export interface CredentialStore {
  /**
   * Keys of an account. For an unknown user it gives keys nobody has a password for, always the same for a name, so that
   * names can't be guessed from the answers.
   * @param username as the client sent it, not normalised
   */
  scramKeys(username: string, hash: ScramHash): Promise<ScramKeys>;
  /** Is there such an account? */
  exists(localpart: string): Promise<boolean>;
  /** Is this authorisation identity the address of the account? Without an answer to that none is taken. @see RFC 6120 §6.3.8 */
  isAddressOf?(authzid: string, localpart: string): boolean;
  /** The localpart that a username stands for; undefined when it can't be one. */
  localpart(username: string): string | undefined;
}
