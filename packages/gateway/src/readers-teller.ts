import { nodeKey, pause, type ReadAccess, type Thing } from '@thingward/things';
import type { Jid, Logger } from '@thingward/xmpp';
import type { AccountConnection } from './account-connection.ts';
import { type InformedService, isAbsent } from './informed-services.ts';
import { Turns } from './turns.ts';

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
const READERS_CHECK_MS = 600_000;
/** Things that services are told of at the same time. */
const AT_ONCE = 8;

export interface ReadersTellerOptions {
  readonly client: AccountConnection;
  readonly services: readonly InformedService[];
  readonly accessTo: (thing: Thing) => ReadAccess;
  /** Answers may change without anybody telling: they are asked for again now and then. */
  readonly checksAgain: boolean;
  readonly log: Logger;
}

/** Tells the history, the broker and the like who may ask them about Things: who may read the whole Thing now. */
export class ReadersTeller {
  readonly #options: ReadersTellerOptions;
  readonly #stopping = new AbortController();
  readonly #telling = new Map<string, AbortController>();
  readonly #tellings = new Set<Promise<unknown>>();
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
    const signal = AbortSignal.any([this.#stopping.signal, telling.signal]);
    const { services } = this.#options;
    const told = Promise.all(services.map((service) => this.#tellUntilKnown(service, thing, signal)));
    this.#tellings.add(told);
    void told.finally(() => {
      this.#tellings.delete(told);
      if (this.#telling.get(key) === telling) this.#telling.delete(key);
    });
  }

  /** There is a Thing no longer. What services know of it stays as it is. */
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
  async #tellUntilKnown(service: InformedService, thing: Thing, signal: AbortSignal): Promise<void> {
    const { client, checksAgain, log } = this.#options;
    let told: string | undefined;
    for (let failures = 0; !signal.aborted && client.state === 'online'; failures++) {
      try {
        told = await this.#turns.take(() => this.#tellOnce(service, thing, told, signal));
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
  async #tellOnce(
    service: InformedService,
    thing: Thing,
    told: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (signal.aborted) return told;
    const readers = await this.readersOf(thing);
    if (readers.join() !== told) await service.tell(thing, readers, signal);
    return readers.join();
  }

  /** Services know no parts of a Thing: who may read some fields only is not among them. */
  async readersOf(thing: Thing): Promise<readonly Jid[]> {
    const access = this.#options.accessTo(thing);
    const readers: Jid[] = [];
    for (const reader of access.readers()) if ((await access.mayRead(reader)) === true) readers.push(reader);
    return readers;
  }
}
