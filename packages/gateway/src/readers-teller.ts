import { nodeKey, pause, type ReadAccess, type Thing } from '@thingward/things';
import type { Jid, Logger } from '@thingward/xmpp';
import type { AccountConnection } from './account-connection.ts';
import { type InformedService, isAbsent } from './informed-services.ts';

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
const READERS_CHECK_MS = 600_000;
/** Things that the service is told of at the same time. */
const AT_ONCE = 8;

export interface ReadersTellerOptions {
  readonly client: AccountConnection;
  readonly service: InformedService;
  readonly accessTo: (thing: Thing) => ReadAccess;
  /** Answers may change without anybody telling: they are asked for again now and then. */
  readonly checksAgain: boolean;
  readonly log: Logger;
}

/** Tells a service who may ask it about Things: who may read the whole Thing now. */
export class ReadersTeller {
  readonly #options: ReadersTellerOptions;
  readonly #stopping = new AbortController();
  readonly #telling = new Map<string, AbortController>();
  readonly #tellings = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #free = AT_ONCE;

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

  /** There is a Thing no longer. What the service knows of it stays as it is. */
  forget({ node }: Thing): void {
    this.#telling.get(nodeKey(node))?.abort(new Error('there is newer news'));
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    await Promise.all(this.#tellings);
  }

  /**
   * Goes on until the service has understood, or until there is no connection: then the next one begins anew. A provisioning
   * server that gave no answer may give one later: it is asked again now and then.
   */
  async #tellUntilKnown(thing: Thing, signal: AbortSignal): Promise<void> {
    const { client, service, checksAgain, log } = this.#options;
    let told: string | undefined;
    for (let failures = 0; !signal.aborted && client.state === 'online'; failures++) {
      try {
        told = await this.#inTurn(() => this.#tellOnce(thing, told, signal));
        if (!checksAgain) return;
        failures = -1;
        await pause(READERS_CHECK_MS, signal);
      } catch (error) {
        if (signal.aborted || (service.isOptional && isAbsent(error))) return;
        const waitMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10));
        const { message: reason } = error as Error;
        const details = { account: client.jid.bare.toString(), node: nodeKey(thing.node), reason, waitMs };
        log[failures === 0 ? 'warn' : 'debug'](details, `the ${service.title} was not told who may read`);
        await pause(waitMs * (0.5 + Math.random() / 2), signal);
      }
    }
  }

  /** @returns what it has been told */
  async #tellOnce(thing: Thing, told: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return told;
    const { service, accessTo } = this.#options;
    const readers = await wholeReaders(accessTo(thing));
    if (readers.join() !== told) await service.tell(thing, readers, signal);
    return readers.join();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** Services know no parts of a Thing: who may read some fields only is not among them. */
export async function wholeReaders(access: ReadAccess): Promise<readonly Jid[]> {
  const readers: Jid[] = [];
  for (const reader of access.readers()) if ((await access.mayRead(reader)) === true) readers.push(reader);
  return readers;
}
