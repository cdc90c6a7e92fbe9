import { type Jid, type Logger, PeerError, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { registerThing } from '../discovery/client.ts';
import { pause } from './pause.ts';
import type { Thing } from './thing.ts';

/** A registry that died with the request does not answer: the next one may be there soon. */
const ANSWER_MS = 10_000;

export interface RegistrarOptions {
  readonly peer: XmppPeer;
  /** Where the registry is; undefined: it can't be reached now. @throws PeerError */
  readonly registry: (signal: AbortSignal) => Promise<Jid | undefined>;
  /** Does it still need to be registered? */
  readonly isUnclaimed: (thing: Thing) => boolean;
  /** The registry says that somebody owns it already. */
  readonly onClaimed: (thing: Thing, claimedBy: { owner: Jid; public: boolean }) => Promise<void>;
  /** Wait after the first failure; doubles with each further one, up to `maxBackOffMs`. */
  readonly firstBackOffMs: number;
  readonly maxBackOffMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log: Logger;
}

/**
 * Registers Things one after the other, those that failed again after a while, until each is registered or claimed. Without a
 * connection it waits to be told again.
 */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #pending = new Set<Thing>();
  #controller = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: RegistrarOptions) {
    this.#options = options;
  }

  /** Registers these, and what could not be registered before, at once. */
  register(things: readonly Thing[]): void {
    for (const thing of things) this.#pending.add(thing);
    this.#controller.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    this.#running = this.#running.then(() => this.#run(signal));
  }

  /** There is a Thing no longer: nothing is done for it any more. */
  forget(thing: Thing): void {
    this.#pending.delete(thing);
  }

  /** Gives up what is not registered yet, and waits until nothing runs any more. */
  async stop(): Promise<void> {
    this.#pending.clear();
    this.#controller.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { firstBackOffMs, maxBackOffMs, random } = this.#options;
    for (let failures = 0; this.#pending.size > 0 && !signal.aborted; failures++) {
      if (failures > 0) {
        const backOffMs = Math.min(firstBackOffMs * 2 ** Math.min(failures - 1, 30), maxBackOffMs);
        await pause(backOffMs * (0.5 + random() / 2), signal);
      }
      for (const thing of [...this.#pending]) {
        if (signal.aborted) return;
        const outcome = await this.#attempt(thing, signal);
        if (outcome === 'done') this.#pending.delete(thing);
        if (outcome === 'offline') return;
      }
    }
  }

  async #attempt(thing: Thing, signal: AbortSignal): Promise<'done' | 'failed' | 'offline'> {
    const { peer, registry, isUnclaimed, onClaimed, log } = this.#options;
    const { node, metaTags: tags } = thing;
    if (!isUnclaimed(thing)) return 'done';
    try {
      const address = await registry(signal);
      if (address === undefined) return 'failed';
      const { claimedBy } = await registerThing(peer, address, { node, tags }, { signal, timeoutMs: ANSWER_MS });
      if (claimedBy) await onClaimed(thing, claimedBy);
      log.info({ node, claimed: claimedBy !== undefined }, 'registered');
      return 'done';
    } catch (error) {
      if (error instanceof PeerError) return 'offline';
      const reason = error instanceof StanzaError ? { condition: error.condition, text: error.text } : { error };
      if (!signal.aborted) log.warn({ node, ...reason }, 'could not register; will try again');
      return 'failed';
    }
  }
}
