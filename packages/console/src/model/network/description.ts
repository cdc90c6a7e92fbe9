import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { TransducerAddress, TransducerInterface } from '@thingward/ieee1451/mcap';
import { explain } from '../explain.ts';
import { Poller } from '../poller.ts';
import type { NetworkConnection } from './network-connection.ts';

/** TEDS hardly ever change. */
const REFRESH_MS = 300_000;
const RETRY_MS = 5000;
const MAX_BACKOFF_MS = 30_000;

/** What a channel or a TIM says it is: its interface, with its TEDS. */
export class Description {
  readonly #described = signal<TransducerInterface | undefined>(undefined);
  readonly #problem = signal<string | undefined>(undefined);
  readonly #poller: Poller;

  /** @param isActive are we online, is it there, and is anybody looking? It is asked anew each time this becomes true */
  constructor(connection: NetworkConnection, address: TransducerAddress, isActive: ReadonlySignal<boolean>) {
    this.#poller = new Poller({
      intervalMs: () => (this.#problem.peek() === undefined ? REFRESH_MS : RETRY_MS),
      maxBackoffMs: MAX_BACKOFF_MS,
      gate: isActive,
      run: async (signal) => {
        this.#described.value = await connection.interfaceOf(address, signal);
        this.#problem.value = undefined;
      },
      onError: (error) => {
        this.#problem.value = explain(error);
      },
    });
  }

  /** Undefined until it is known. */
  get described(): ReadonlySignal<TransducerInterface | undefined> {
    return this.#described;
  }

  /** Why it is not known, or not up to date. */
  get problem(): ReadonlySignal<string | undefined> {
    return this.#problem;
  }

  start(): void {
    this.#poller.start();
  }

  stop(): void {
    this.#poller.stop();
  }
}
