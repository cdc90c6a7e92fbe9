import { batch, computed, type ReadonlySignal, signal } from '@preact/signals-core';
import type { Field } from '@thingward/things';
import { type Jid, PeerError } from '@thingward/xmpp';
import type { Connection } from './connection.ts';
import { explain } from './explain.ts';
import { isIdentity, numberOf } from './field-format.ts';
import { type FieldReading, fieldKey } from './field-key.ts';
import { LiveSamples } from './live-samples.ts';
import { Poller } from './poller.ts';
import { IDENTITY_TYPES, LIVE_TYPES, type ReadoutStatus } from './readout.ts';

const IDENTITY_INTERVAL_MS = 60_000;
const MAX_BACKOFF_MS = 30_000;
/** An hour of reading once a second. */
const SAMPLES_KEPT = 3600;
/** More than any Thing has; what names fields without end must not fill the memory. */
const MAX_FIELDS = 2000;

export interface MonitorOptions {
  readonly connection: Connection;
  /** Bare JID. */
  readonly thing: Jid;
  readonly isOnline: ReadonlySignal<boolean>;
  /** Is anybody looking at the page? */
  readonly isVisible: ReadonlySignal<boolean>;
  /** Is a resource of the Thing available to us? */
  readonly isAvailable: ReadonlySignal<boolean>;
}

/** Fields that one read-out gave, and when it began (ms since 1970). */
export type ReadoutHandler = (fields: readonly Field[], startedAt: number) => void;

/** Reads a Thing again and again while somebody watches it, and keeps what came. */
export class ThingMonitor {
  readonly thing: Jid;
  readonly #connection: Connection;
  readonly #poller: Poller;
  readonly #watchers = new Map<object, number>();
  readonly #handlers = new Set<ReadoutHandler>();
  readonly #fields = signal<ReadonlyMap<string, FieldReading>>(new Map());
  readonly #outcome = signal<ReadoutStatus>({ kind: 'waiting' });
  readonly #samples = new Map<string, LiveSamples>();
  #identityReadAt = Number.NEGATIVE_INFINITY;

  readonly status: ReadonlySignal<ReadoutStatus>;

  constructor({ connection, thing, isOnline, isVisible, isAvailable }: MonitorOptions) {
    this.thing = thing;
    this.#connection = connection;
    this.status = computed(() => {
      if (!isOnline.value) return { kind: 'disconnected' };
      return isAvailable.value ? this.#outcome.value : { kind: 'offline' };
    });
    this.#poller = new Poller({
      intervalMs: () => Math.min(...this.#watchers.values()),
      maxBackoffMs: MAX_BACKOFF_MS,
      gate: computed(() => isOnline.value && isVisible.value && isAvailable.value),
      run: (signal) => this.#read(signal),
      // `#read` has told already.
      onError: () => {},
    });
  }

  /** In the order they first came. */
  get fields(): ReadonlySignal<ReadonlyMap<string, FieldReading>> {
    return this.#fields;
  }

  /** When it is read next, in ms since 1970. */
  get nextAt(): ReadonlySignal<number | undefined> {
    return this.#poller.nextAt;
  }

  /** Samples read since it was first watched; undefined for what is no number. Changes with `fields`. */
  samplesOf(key: string): LiveSamples | undefined {
    return this.#samples.get(key);
  }

  /** Reads it every `intervalMs` (or more often, where somebody else wants that) until the function returned is called. */
  watch(intervalMs: number): () => void {
    const watcher = {};
    this.#watchers.set(watcher, intervalMs);
    this.#poller.start();
    this.#poller.wake();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#poller.stop();
    };
  }

  /** Called for each read-out that gave fields. */
  onReadout(handler: ReadoutHandler): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Does not wait for the next time. */
  readNow(): void {
    this.#poller.wake();
  }

  async #read(signal: AbortSignal): Promise<void> {
    const to = this.#connection.fullJidOf(this.thing);
    if (!to) return;
    const startedAt = Date.now();
    const withIdentity = startedAt - this.#identityReadAt >= IDENTITY_INTERVAL_MS;
    const types = withIdentity ? [...LIVE_TYPES, ...IDENTITY_TYPES] : LIVE_TYPES;
    const read: Field[] = [];
    try {
      for await (const fields of this.#connection.read(to, { types, signal })) read.push(...fields);
      if (withIdentity) this.#identityReadAt = startedAt;
      this.#accept(read, startedAt, { kind: 'live' });
    } catch (error) {
      if (signal.aborted) throw error;
      // A lost connection says nothing about the Thing.
      this.#accept(read, startedAt, error instanceof PeerError ? this.#outcome.peek() : this.#failure(error));
      throw error;
    }
  }

  /** What came before a failure counts. */
  #accept(read: readonly Field[], startedAt: number, outcome: ReadoutStatus): void {
    batch(() => {
      this.#outcome.value = outcome;
      const next = new Map<string, FieldReading>();
      for (const [key, reading] of this.#fields.value) {
        // What a Thing is does not go out of date.
        next.set(key, isIdentity(reading.field) ? reading : { ...reading, isCurrent: false });
      }
      for (const field of read) {
        const key = fieldKey(field);
        if (!next.has(key) && next.size >= MAX_FIELDS) continue;
        next.set(key, { key, field, isCurrent: true });
        this.#sample(key, field);
      }
      this.#fields.value = next;
      if (read.length > 0) for (const handler of this.#handlers) handler(read, startedAt);
    });
  }

  #sample(key: string, { value, timestamp, qos }: Field): void {
    const number = numberOf(value);
    if (number === undefined || qos.includes('missing')) return;
    let samples = this.#samples.get(key);
    if (!samples) {
      samples = new LiveSamples(SAMPLES_KEPT);
      this.#samples.set(key, samples);
    }
    samples.append({ time: timestamp.getTime() / 1000, value: number });
  }

  #failure(error: unknown): ReadoutStatus {
    const before = this.#outcome.peek();
    return {
      kind: 'failing',
      problem: explain(error),
      since: before.kind === 'failing' ? before.since : new Date(),
    };
  }
}
