import { computed, type ReadonlySignal, signal } from '@preact/signals-core';
import { type NodeReference, nodeKey, speaksNoInterfaces } from '@thingward/things';
import type { Connection } from './connection.ts';
import { Poller } from './poller.ts';
import type { ThingMonitor } from './thing-monitor.ts';

/** Things are made over, but seldom. */
const REFRESH_MS = 300_000;
const MAX_BACKOFF_MS = 60_000;
/** Nodes of one JID that are asked. */
const MAX_NODES = 100;

/** The interfaces that the Things behind a JID say they have. Where that is not known, a Thing is shown by its fields. */
export class Interfaces {
  readonly #monitor: ThingMonitor;
  readonly #connection: Connection;
  readonly #poller: Poller;
  readonly #names = signal<ReadonlyMap<string, readonly string[]>>(new Map());
  readonly #asked = new Set<string>();
  #stopListening: (() => void) | undefined;

  /** @param isActive are we online, and is anybody looking at the page? */
  constructor(connection: Connection, monitor: ThingMonitor, isActive: ReadonlySignal<boolean>) {
    this.#connection = connection;
    this.#monitor = monitor;
    const isThere = computed(() => monitor.status.value.kind !== 'offline');
    this.#poller = new Poller({
      intervalMs: () => REFRESH_MS,
      maxBackoffMs: MAX_BACKOFF_MS,
      gate: computed(() => isActive.value && isThere.value),
      run: (signal) => this.#load(signal),
      // What was known stays, and the fields are shown anyway.
      onError: () => {},
    });
  }

  /** By the key of the node. */
  get names(): ReadonlySignal<ReadonlyMap<string, readonly string[]>> {
    return this.#names;
  }

  start(): void {
    this.#stopListening ??= this.#monitor.onReadout((fields) => {
      if (this.#asked.size < MAX_NODES && fields.some(({ node }) => !this.#asked.has(nodeKey(node))))
        this.#poller.wake();
    });
    this.#poller.start();
  }

  stop(): void {
    this.#poller.stop();
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  async #load(signal: AbortSignal): Promise<void> {
    const thing = this.#connection.fullJidOf(this.#monitor.thing);
    if (!thing) return;
    const nodes = new Map<string, NodeReference | undefined>();
    for (const { field } of this.#monitor.fields.peek().values()) nodes.set(nodeKey(field.node), field.node);
    const names = new Map<string, readonly string[]>();
    for (const [key, node] of [...nodes].slice(0, MAX_NODES)) {
      this.#asked.add(key);
      try {
        names.set(key, await this.#connection.interfaces({ thing, node }, signal));
      } catch (error) {
        if (!speaksNoInterfaces(error)) throw error;
      }
    }
    this.#names.value = names;
  }
}
