import { nodeKey, pause, type ReadAccess, setReaders, type Thing } from '@thingward/things';
import type { Jid, Logger } from '@thingward/xmpp';
import type { AccountConnection } from './account-connection.ts';
import { Turns } from './turns.ts';

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
const READERS_CHECK_MS = 600_000;
/** Things that the history is told of at the same time. */
const AT_ONCE = 8;

export interface ReadersTellerOptions {
  readonly client: AccountConnection;
  readonly history: Jid;
  readonly accessTo: (thing: Thing) => ReadAccess;
  /** Answers may change without anybody telling: they are asked for again now and then. */
  readonly checksAgain: boolean;
  readonly log: Logger;
}

/** Tells the history who may ask it about Things: who may read the whole Thing now. */
export class ReadersTeller {
  readonly #options: ReadersTellerOptions;
  readonly #stopping = new AbortController();
  readonly #telling = new Map<string, AbortController>();
  readonly #tellings = new Set<Promise<void>>();
  readonly #turns = new Turns(AT_ONCE);

  constructor(options: ReadersTellerOptions) {
    this.#options = options;
  }

  /** What was being told before is out of date. */
  tell(thing: Thing): void {
    if (this.#stopping.signal.aborted) return;
    this.forget(thing);
    const telling = new AbortController();
    const key = nodeKey(thing.node);
    this.#telling.set(key, telling);
    const told = this.#tellUntilKnown(thing, AbortSignal.any([this.#stopping.signal, telling.signal]));
    this.#tellings.add(told);
    void told.finally(() => {
      this.#tellings.delete(told);
      if (this.#telling.get(key) === telling) this.#telling.delete(key);
    });
  }

  /** There is a Thing no longer. What the history knows of it stays as it is. */
  forget({ node }: Thing): void {
    this.#telling.get(nodeKey(node))?.abort(new Error('there is newer news'));
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    await Promise.all(this.#tellings);
  }

  /**
   * Goes on until the history service has understood, or until there is no connection: then the next one begins anew. A provisioning
   * server that gave no answer may give one later: it is asked again now and then.
   */
  async #tellUntilKnown(thing: Thing, signal: AbortSignal): Promise<void> {
    const { client, checksAgain, log } = this.#options;
    let told: string | undefined;
    for (let failures = 0; !signal.aborted && client.state === 'online'; failures++) {
      try {
        told = await this.#turns.take(() => this.#tellOnce(thing, told, signal));
        if (!checksAgain) return;
        failures = -1;
        await pause(READERS_CHECK_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10));
        const { message: reason } = error as Error;
        const details = { account: client.jid.bare.toString(), node: nodeKey(thing.node), reason, waitMs };
        log[failures === 0 ? 'warn' : 'debug'](details, 'the history service was not told who may read');
        await pause(waitMs * (0.5 + Math.random() / 2), signal);
      }
    }
  }

  /** @returns what it has been told */
  async #tellOnce(thing: Thing, told: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return told;
    const { client, history } = this.#options;
    const readers = await this.#readersOf(thing);
    if (readers.join() !== told) await setReaders(client, history, thing.node, readers, { signal });
    return readers.join();
  }

  /** The history knows no parts of a Thing: who may read some fields only is not among them. */
  async #readersOf(thing: Thing): Promise<readonly Jid[]> {
    const access = this.#options.accessTo(thing);
    const readers: Jid[] = [];
    for (const reader of access.readers()) if ((await access.mayRead(reader)) === true) readers.push(reader);
    return readers;
  }
}
