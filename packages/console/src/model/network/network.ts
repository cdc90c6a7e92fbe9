import { batch, type ReadonlySignal, signal } from '@preact/signals-core';
import type { AddressedReading, NcapResource, TreeChange } from '@thingward/ieee1451/mcap';
import { PeerError, StanzaError } from '@thingward/xmpp';
import { explain } from '../explain.ts';
import { Poller } from '../poller.ts';
import { applyChange, comings, sortNcaps } from './changes.ts';
import type { NetworkConnection } from './network-connection.ts';

/** How far we are with the tree. */
export type NetworkState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded'; readonly problem?: string }
  /** The server has no MCAP. */
  | { readonly kind: 'absent'; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string };

/** Something that happened in the network. */
export interface NetworkEvent {
  /** Counts up. */
  readonly number: number;
  readonly time: Date;
  readonly kind: 'joined' | 'left' | 'event';
  /** Names, from the NCAP down. */
  readonly what: readonly string[];
  /** Why it left, or what it told. */
  readonly detail: string | undefined;
}

/** Changes are told; this only mends what was missed, such as an MCAP that has been started anew. */
const REFRESH_MS = 30_000;
const MAX_BACKOFF_MS = 30_000;
const MAX_EVENTS = 50;
/** Samples of a data set that are told in words. */
const SAMPLES_TOLD = 4;

/** The NCAPs of the network with their TIMs, channels and Things, kept up to date while somebody looks. */
export class Network {
  readonly connection: NetworkConnection;
  readonly #isOnline: ReadonlySignal<boolean>;
  readonly #state = signal<NetworkState>({ kind: 'loading' });
  readonly #ncaps = signal<readonly NcapResource[]>([]);
  readonly #events = signal<readonly NetworkEvent[]>([]);
  /** Changes that came while the tree was being asked for, which may not know of them. */
  #meanwhile: TreeChange[] | undefined;
  #count = 0;

  constructor(connection: NetworkConnection, isOnline: ReadonlySignal<boolean>) {
    this.connection = connection;
    this.#isOnline = isOnline;
  }

  get state(): ReadonlySignal<NetworkState> {
    return this.#state;
  }

  /** By name. */
  get ncaps(): ReadonlySignal<readonly NcapResource[]> {
    return this.#ncaps;
  }

  /** What happened while somebody looked, the latest first. */
  get events(): ReadonlySignal<readonly NetworkEvent[]> {
    return this.#events;
  }

  /** Follows the tree until the function returned is called. */
  watch(): () => void {
    const stops = [
      this.connection.onChange((change) => this.#changed(change)),
      this.connection.onEvent((reading) => this.#told(reading)),
    ];
    const poller = new Poller({
      intervalMs: () => REFRESH_MS,
      maxBackoffMs: MAX_BACKOFF_MS,
      gate: this.#isOnline,
      run: (signal) => this.#refresh(signal),
      onError: (error) => this.#failed(error),
    });
    poller.start();
    return () => {
      poller.stop();
      for (const stop of stops) stop();
      // Who has lost the connection follows no more anyway.
      if (this.#state.peek().kind === 'loaded') this.connection.unfollow().catch(() => undefined);
    };
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    // Before it is asked for, so that no change is missed in between.
    await this.connection.follow(signal);
    this.#meanwhile = [];
    try {
      const found = await this.connection.discover(signal);
      const now = new Date();
      const changed = this.#meanwhile.reduce((ncaps, change) => applyChange(ncaps, change, now), sortNcaps(found));
      batch(() => {
        this.#ncaps.value = changed;
        this.#state.value = { kind: 'loaded' };
      });
    } finally {
      this.#meanwhile = undefined;
    }
  }

  #changed(change: TreeChange): void {
    const now = new Date();
    this.#meanwhile?.push(change);
    const { kind, reason } = change;
    const before = this.#ncaps.peek();
    batch(() => {
      this.#ncaps.value = applyChange(before, change, now);
      for (const what of comings(before, change)) this.#happened({ time: now, kind, what, detail: reason });
    });
  }

  #told({ ncap: ncapId, tim: timId, channel: number, time, samples, unit }: AddressedReading): void {
    const ncap = this.#ncaps.peek().find(({ id }) => id === ncapId);
    const tim = ncap?.tims.find(({ id }) => id === timId);
    const channel = tim?.channels.find((candidate) => candidate.number === number);
    const shown = samples.slice(0, SAMPLES_TOLD).join(', ') + (samples.length > SAMPLES_TOLD ? ', …' : '');
    this.#happened({
      time,
      kind: 'event',
      what: [ncap?.name ?? ncapId, tim?.name ?? timId, channel?.name ?? `channel ${number}`],
      detail: unit === undefined || unit === '1' ? shown : `${shown} ${unit}`,
    });
  }

  #happened(event: Omit<NetworkEvent, 'number'>): void {
    this.#count++;
    this.#events.value = [{ number: this.#count, ...event }, ...this.#events.peek()].slice(0, MAX_EVENTS);
  }

  #failed(error: unknown): void {
    // The banner says that the connection is lost; what was there stays.
    if (error instanceof PeerError) return;
    const problem = explain(error);
    if (this.#state.peek().kind === 'loaded') this.#state.value = { kind: 'loaded', problem };
    else if (isNoMcap(error)) this.#state.value = { kind: 'absent', problem };
    else this.#state.value = { kind: 'failed', problem };
  }
}

/** What finding it throws where there is none; what an MCAP answers itself is another matter. */
function isNoMcap(error: unknown): boolean {
  return error instanceof StanzaError && error.condition === 'item-not-found';
}
