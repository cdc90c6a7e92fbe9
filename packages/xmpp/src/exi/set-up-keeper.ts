import type { Jid } from '../jid.ts';
import type { StreamConfiguration } from './setup.ts';

/** What a client has agreed on with a server. @see XEP-0322 §2.2.6 */
export interface KeptSetUp {
  readonly configurationId: string;
  readonly configuration: StreamConfiguration;
  /** Text of the proposal that led to it: another proposal needs another agreement. */
  readonly proposal: string;
  /** As `serializeGrammars` makes them, so that a start needs not compile schemas. */
  readonly grammars: Uint8Array;
}

/** Remembers what was agreed on, by the domain of the server. Without one on the disk, each start negotiates anew. */
export interface SetUpKeeper {
  load(account: Jid): KeptSetUp | undefined | Promise<KeptSetUp | undefined>;
  /** @param setUp undefined to forget it */
  save(account: Jid, setUp: KeptSetUp | undefined): void | Promise<void>;
}

/** Remembers for as long as it lives. */
export class MemorySetUpKeeper implements SetUpKeeper {
  readonly #kept = new Map<string, KeptSetUp>();

  load({ domain }: Jid): KeptSetUp | undefined {
    return this.#kept.get(domain);
  }

  save({ domain }: Jid, setUp: KeptSetUp | undefined): void {
    if (setUp) this.#kept.set(domain, setUp);
    else this.#kept.delete(domain);
  }
}
