import { type Jid, type Logger, SILENT_LOGGER, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { pause } from '../thing/pause.ts';
import type { Tokens } from '../thing/payload.ts';
import type { Thing } from '../thing/thing.ts';
import { presentThings, type Things } from '../thing/thing-set.ts';
import { checkThing } from './check-thing.ts';
import { isUndefinedInterface } from './find-interface.ts';
import { InteroperabilityError, serveInterfaces } from './serve.ts';

const READ_TIMEOUT_MS = 25_000;
const RETRY_MS = 60_000;

export interface InterfaceKeeperOptions {
  readonly things: Things;
  readonly interfacesOf?: ((thing: Thing) => readonly string[]) | undefined;
  readonly log?: Logger | undefined;
  /** Time until a Thing that could not be read is read again; 60,000 ms when not given. */
  readonly retryMs?: number | undefined;
}

/** Says what interfaces Things have, and tells the log where one does not keep what it promises: what is missing, by name. */
export class InterfaceKeeper {
  readonly #options: InterfaceKeeperOptions;
  readonly #interfaces = new Map<Thing, readonly string[]>();
  readonly #unchecked = new Set<Thing>();
  readonly #log: Logger;
  readonly #ended = new AbortController();
  #checking: Promise<unknown> = Promise.resolve();

  /** @throws InteroperabilityError for a name of the document's that the document does not have */
  constructor(options: InterfaceKeeperOptions) {
    this.#options = options;
    this.#log = options.log ?? SILENT_LOGGER;
    for (const thing of presentThings(options.things)) this.#know(thing);
  }

  /** There is a further Thing: it is checked as well. @throws InteroperabilityError as the constructor does */
  add(thing: Thing): void {
    this.#know(thing);
    if (this.#unchecked.has(thing)) this.#checking = this.#checking.then(() => this.#checkAll());
  }

  /** There is a Thing no longer. */
  remove(thing: Thing): void {
    this.#interfaces.delete(thing);
    this.#unchecked.delete(thing);
  }

  #know(thing: Thing): void {
    const names = this.#options.interfacesOf?.(thing) ?? [];
    for (const name of names) {
      if (isUndefinedInterface(name)) throw new InteroperabilityError(`there is no interface ${name}`);
    }
    this.#interfaces.set(thing, names);
    if (names.length > 0) this.#unchecked.add(thing);
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
    const unchecked = this.#unchecked;
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
