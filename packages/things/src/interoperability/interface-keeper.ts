import { type Jid, type Logger, SILENT_LOGGER, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { pause } from '../thing/pause.ts';
import type { Tokens } from '../thing/payload.ts';
import type { Thing } from '../thing/thing.ts';
import { checkThing } from './check-thing.ts';
import { isUndefinedInterface } from './find-interface.ts';
import { InteroperabilityError, serveInterfaces } from './serve.ts';

const READ_TIMEOUT_MS = 25_000;
const RETRY_MS = 60_000;

export interface InterfaceKeeperOptions {
  readonly things: readonly Thing[];
  readonly interfacesOf?: ((thing: Thing) => readonly string[]) | undefined;
  readonly log?: Logger | undefined;
  /** Time until a Thing that could not be read is read again; 60,000 ms when not given. */
  readonly retryMs?: number | undefined;
}

/** Says what interfaces Things have, and tells the log where one does not keep what it promises: what is missing, by name. */
export class InterfaceKeeper {
  readonly #options: InterfaceKeeperOptions;
  readonly #interfaces: ReadonlyMap<Thing, readonly string[]>;
  readonly #log: Logger;
  readonly #ended = new AbortController();
  #checking: Promise<unknown> = Promise.resolve();

  /** @throws InteroperabilityError for a name of the document's that the document does not have */
  constructor(options: InterfaceKeeperOptions) {
    this.#options = options;
    this.#log = options.log ?? SILENT_LOGGER;
    this.#interfaces = new Map(options.things.map((thing) => [thing, options.interfacesOf?.(thing) ?? []]));
    for (const name of [...this.#interfaces.values()].flat()) {
      if (isUndefinedInterface(name)) throw new InteroperabilityError(`there is no interface ${name}`);
    }
  }

  /** Begins to answer, and checks each Thing once, one after the other. @returns ends the answering */
  serve(peer: XmppPeer, mayRead: (requester: Jid, thing: Thing, tokens: Tokens) => unknown): Unsubscribe {
    const interfacesOf = (thing: Thing) => this.#interfaces.get(thing) ?? [];
    this.#checking = this.#checkAll();
    return serveInterfaces(peer, { things: this.#options.things, interfacesOf, mayRead });
  }

  /** Ends the checking, and waits for its end. */
  async stop(): Promise<void> {
    this.#ended.abort(new Error('the host stops'));
    await this.#checking;
  }

  async #checkAll(): Promise<void> {
    const { signal } = this.#ended;
    const unchecked = new Set([...this.#interfaces].filter(([, names]) => names.length > 0).map(([thing]) => thing));
    while (unchecked.size > 0 && !signal.aborted) {
      for (const thing of [...unchecked]) {
        if (signal.aborted) return;
        if (await this.#isChecked(thing)) unchecked.delete(thing);
      }
      if (unchecked.size > 0) await pause(this.#options.retryMs ?? RETRY_MS, signal);
    }
  }

  /** False when it could not be read now. */
  async #isChecked(thing: Thing): Promise<boolean> {
    const { node } = thing;
    try {
      const names = this.#interfaces.get(thing) ?? [];
      const problems = await checkThing(thing, names, { signal: this.#ended.signal, timeoutMs: READ_TIMEOUT_MS });
      for (const { interface: name, code, message } of problems) {
        this.#log.warn({ node, interface: name, problem: code }, `a Thing does not keep an interface: ${message}`);
      }
      return true;
    } catch (error) {
      if (!this.#ended.signal.aborted) {
        const reason = (error as Error).message;
        this.#log.info({ node, reason }, 'the interfaces of a Thing can not be checked now; will try again');
      }
      return false;
    }
  }
}
