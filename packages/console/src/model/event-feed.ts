import { effect, type ReadonlySignal, signal, untracked } from '@preact/signals-core';
import type { EventType, StoredEvent } from '@thingward/things';
import { PeerError, StanzaError } from '@thingward/xmpp';
import type { Connection } from './connection.ts';
import { explain } from './explain.ts';

/** How far we are with the log of events. */
export type EventFeedState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded'; readonly problem?: string }
  /** The server has no log, or it is not for us. */
  | { readonly kind: 'absent'; readonly problem: string };

export interface EventFeedOptions {
  readonly connection: Connection;
  readonly isOnline: ReadonlySignal<boolean>;
  readonly isVisible: ReadonlySignal<boolean>;
  /** Between questions for what is new; 1,000 ms when not given. */
  readonly roundMs?: number;
}

/** So many are shown; older ones are in the log. */
export const MAX_EVENTS = 200;

/** What happens on the network, the latest first, for as long as somebody watches. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #state = signal<EventFeedState>({ kind: 'loading' });
  readonly #events = signal<readonly StoredEvent[]>([]);
  readonly #leastType = signal<EventType | undefined>(undefined);
  #latest = 0;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  get state(): ReadonlySignal<EventFeedState> {
    return this.#state;
  }

  get events(): ReadonlySignal<readonly StoredEvent[]> {
    return this.#events;
  }

  /** Shown are events as severe as this, or more; all when undefined. */
  get leastType(): ReadonlySignal<EventType | undefined> {
    return this.#leastType;
  }

  choose(leastType: EventType | undefined): void {
    if (leastType === this.#leastType.value) return;
    this.#events.value = [];
    this.#state.value = { kind: 'loading' };
    this.#leastType.value = leastType;
  }

  /** @returns a function that ends it */
  watch(): () => void {
    const { isOnline, isVisible } = this.#options;
    const stop = effect(() => {
      // What is chosen, and whether anybody can see it, begins anew.
      void this.#leastType.value;
      this.#latest++;
      const mine = this.#latest;
      // What is shown then is no reason to begin anew.
      if (isOnline.value && isVisible.value) untracked(() => void this.#follow(mine));
    });
    return () => {
      stop();
      this.#latest++;
    };
  }

  async #follow(mine: number): Promise<void> {
    const { roundMs = 1000 } = this.#options;
    while (mine === this.#latest) {
      await this.#round(mine);
      if (this.#state.value.kind === 'absent') return;
      await new Promise((resolve) => setTimeout(resolve, roundMs));
    }
  }

  async #round(mine: number): Promise<void> {
    const last = this.#events.value[0]?.sequence;
    const leastType = this.#leastType.value;
    const part = last === undefined ? { before: '', max: MAX_EVENTS } : { after: last, max: MAX_EVENTS };
    try {
      const events = await this.#options.connection.events({ leastType, part });
      if (mine !== this.#latest) return;
      if (events.length > 0) this.#events.value = [...events.toReversed(), ...this.#events.value].slice(0, MAX_EVENTS);
      if (this.#state.value.kind !== 'loaded' || this.#state.value.problem !== undefined) {
        this.#state.value = { kind: 'loaded' };
      }
    } catch (error) {
      if (mine !== this.#latest || error instanceof PeerError) return;
      const problem = explain(error);
      const isAbsent = this.#state.value.kind !== 'loaded' && error instanceof StanzaError;
      this.#state.value = isAbsent ? { kind: 'absent', problem } : { kind: 'loaded', problem };
    }
  }
}
