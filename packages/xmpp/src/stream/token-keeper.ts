import type { IssuedToken } from '../fast.ts';
import type { Jid } from '../jid.ts';

/** A token a client signs in with. As secret as a password. @see XEP-0484 §4.1 */
export interface KeptToken extends IssuedToken {
  /** The mechanism it is good for. */
  readonly mechanism: string;
  /** How often it was used. */
  readonly count: number;
}

/** Where a client keeps its token between connections, one for each account. What is saved must be there after a restart. */
export interface TokenKeeper {
  load(account: Jid): KeptToken | undefined | Promise<KeptToken | undefined>;
  /** @param token undefined: it is good for nothing any more */
  save(account: Jid, token: KeptToken | undefined): void | Promise<void>;
}

/** Keeps one token as long as the program runs. */
export class MemoryTokenKeeper implements TokenKeeper {
  #kept: KeptToken | undefined;

  load(): KeptToken | undefined {
    return this.#kept;
  }

  save(_account: Jid, token: KeptToken | undefined): void {
    this.#kept = token;
  }
}
