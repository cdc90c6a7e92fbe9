import type { Element } from '@thingward/xml';
import { Jid, type Logger, PeerError, StanzaError } from '@thingward/xmpp';
import type { Field, FieldType } from '../sensor-data/field.ts';
import { nodeKey } from '../thing/node.ts';
import type { Thing } from '../thing/thing.ts';
import { presentThings, type Things } from '../thing/thing-set.ts';
import { type DescribedItem, encodeDescriptions, type ThingDescription } from './description-codec.ts';

/** What is told of one Thing, and of how many at once. */
const MAX_ITEMS = 100;
const MAX_THINGS = 20;
/** Names come one after the other: they are told together. */
const PAUSE_MS = 1000;
const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 300_000;

export interface ThingDescriberOptions {
  readonly things: Things;
  /** Bare JID. */
  readonly ownerOf: (thing: Thing) => string | undefined;
  /** Rejects with StanzaError or PeerError when it could not be told. */
  readonly tell: (payload: Element) => Promise<void>;
  readonly log: Logger;
  readonly pauseMs?: number;
}

/** Tells the provisioning server whom Things belong to and what there is to decide about, when either has changed. */
export class ThingDescriber {
  readonly #options: ThingDescriberOptions;
  /** Kinds of fields by name, by Thing. */
  readonly #fields = new Map<string, Map<string, Set<FieldType>>>();
  readonly #due = new Set<Thing>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #telling: Promise<void> = Promise.resolve();
  #failures = 0;
  /** The server has no use for it. */
  #isRefused = false;
  #isStopped = false;

  constructor(options: ThingDescriberOptions) {
    this.#options = options;
  }

  /** A Thing has these fields. */
  observed(thing: Thing, fields: readonly Field[]): void {
    const key = nodeKey(thing.node);
    const known = this.#fields.get(key) ?? new Map<string, Set<FieldType>>();
    this.#fields.set(key, known);
    let isNew = false;
    for (const { name, types } of fields) {
      const before = known.get(name);
      if (!before && known.size >= MAX_ITEMS) continue;
      const seen = before ?? new Set<FieldType>();
      known.set(name, seen);
      for (const type of types) {
        isNew ||= !seen.has(type);
        seen.add(type);
      }
      isNew ||= !before;
    }
    if (isNew) this.#schedule([thing], this.#options.pauseMs ?? PAUSE_MS);
  }

  /** Owners have changed, or the server may not know. */
  describeAll(): void {
    this.#isRefused = false;
    this.#failures = 0;
    this.#schedule(presentThings(this.#options.things), 0);
  }

  /** There is a Thing no longer, and nothing to tell of it. */
  forget(thing: Thing): void {
    this.#fields.delete(nodeKey(thing.node));
    this.#due.delete(thing);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#telling;
  }

  #schedule(things: readonly Thing[], pauseMs: number): void {
    if (this.#isStopped) return;
    for (const thing of things) this.#due.add(thing);
    if (this.#isRefused) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#telling = this.#telling.then(() => this.#tellAll());
    }, pauseMs);
  }

  async #tellAll(): Promise<void> {
    while (this.#due.size > 0 && !this.#isStopped) {
      const part = [...this.#due].slice(0, MAX_THINGS);
      for (const thing of part) this.#due.delete(thing);
      try {
        await this.#options.tell(encodeDescriptions(part.map((thing) => this.#describe(thing))));
        this.#failures = 0;
      } catch (error) {
        for (const thing of part) this.#due.add(thing);
        if (!(error instanceof StanzaError || error instanceof PeerError)) throw error;
        this.#failed(error);
        return;
      }
    }
  }

  /** Without a connection, the next one begins anew. */
  #failed(error: StanzaError | PeerError): void {
    if (error instanceof PeerError || this.#isStopped) return;
    this.#isRefused = error.condition === 'service-unavailable' || error.condition === 'feature-not-implemented';
    this.#options.log.debug({ error, isRefused: this.#isRefused }, 'the provisioning server was not told of Things');
    if (this.#isRefused) return;
    this.#failures++;
    const pauseMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10));
    this.#schedule([], pauseMs);
  }

  #describe(thing: Thing): ThingDescription {
    const { ownerOf } = this.#options;
    const owner = ownerOf(thing);
    const fields = [...(this.#fields.get(nodeKey(thing.node)) ?? [])].map(
      ([name, types]): DescribedItem => ({ kind: 'field', name, types: [...types] }),
    );
    const parameters = thing.parameters
      .slice(0, MAX_ITEMS)
      .map(({ name }): DescribedItem => ({ kind: 'parameter', name, types: [] }));
    return {
      node: thing.node,
      owner: owner === undefined ? undefined : Jid.parse(owner),
      items: [...fields, ...parameters],
    };
  }
}
