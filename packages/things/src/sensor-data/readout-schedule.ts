import { type Jid, StanzaError } from '@thingward/xmpp';
import type { ReadoutId } from './codec.ts';

/** A read-out that somebody asked for. */
export interface ScheduledReadout {
  /** Full JID. */
  readonly requester: Jid;
  /** Unique among those of the requester. */
  readonly seqnr: ReadoutId;
  /** Not before; undefined: now. */
  readonly when?: Date | undefined;
  /** Does it. Errors it throws are reported, and end it. */
  run(signal: AbortSignal, wasQueued: boolean): Promise<void>;
}

export interface ScheduleLimits {
  /** Read-outs at the same time. */
  readonly running: number;
  /** Read-outs that wait, for their time or for their turn. */
  readonly waiting: number;
  /** Of one bare JID, running and waiting. */
  readonly perRequester: number;
}

interface Entry {
  readonly readout: ScheduledReadout;
  readonly controller: AbortController;
  readonly queued: boolean;
  isRunning: boolean;
  timer?: ReturnType<typeof setTimeout> | undefined;
}

/** setTimeout takes no more: nearly 25 days. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Decides which read-outs run now, which later, and which never. Bounded in all directions. */
export class ReadoutSchedule {
  readonly #limits: ScheduleLimits;
  readonly #clock: () => Date;
  readonly #onError: (error: unknown) => void;
  readonly #entries = new Map<string, Entry>();
  /** Those whose time has come but whose turn has not, in order. */
  readonly #waiting = new Set<Entry>();
  readonly #running = new Set<Promise<void>>();

  constructor(limits: ScheduleLimits, clock: () => Date, onError: (error: unknown) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onError = onError;
  }

  /**
   * Takes a read-out in, and starts it as soon as it may, but never before this returned.
   * @returns whether it has to wait
   * @throws StanzaError `bad-request` for a seqnr in use or a time too far away, `resource-constraint` when there are too many
   */
  admit(readout: ScheduledReadout): { queued: boolean } {
    const { requester, seqnr, when } = readout;
    const key = keyOf(requester, seqnr);
    if (this.#entries.has(key)) {
      throw new StanzaError('bad-request', `the read-out ${seqnr} has not ended yet`);
    }
    const own = [...this.#entries.values()].filter((entry) => entry.readout.requester.bare.equals(requester.bare));
    if (own.length >= this.#limits.perRequester) {
      throw new StanzaError('resource-constraint', `you have ${own.length} read-outs that have not ended yet`);
    }
    const delayMs = when === undefined ? 0 : when.getTime() - this.#clock().getTime();
    if (delayMs > MAX_DELAY_MS) throw new StanzaError('bad-request', 'req/@when: more than 24 days away');
    const queued = delayMs > 0 || this.#running.size >= this.#limits.running;
    const waiting = [...this.#entries.values()].filter((entry) => !entry.isRunning);
    if (queued && waiting.length >= this.#limits.waiting) {
      throw new StanzaError('resource-constraint', 'too many read-outs are waiting');
    }
    const entry: Entry = { readout, controller: new AbortController(), queued, isRunning: false };
    this.#entries.set(key, entry);
    if (delayMs > 0) {
      entry.timer = setTimeout(() => {
        entry.timer = undefined;
        this.#enqueue(entry);
      }, delayMs);
    } else {
      this.#enqueue(entry);
    }
    return { queued };
  }

  /** Ends a read-out. @returns false when there is none with this number */
  cancel(requester: Jid, seqnr: ReadoutId): boolean {
    const entry = this.#entries.get(keyOf(requester, seqnr));
    if (entry) this.#cancel(entry);
    return entry !== undefined;
  }

  /** Ends all read-outs of a full JID, or of all resources of a bare one. */
  cancelAllOf(requester: Jid): void {
    for (const entry of [...this.#entries.values()]) {
      const { requester: own } = entry.readout;
      if ((requester.isFull ? own : own.bare).equals(requester)) this.#cancel(entry);
    }
  }

  /** Ends all read-outs and waits until they have ended. */
  async stop(): Promise<void> {
    for (const entry of [...this.#entries.values()]) this.#cancel(entry);
    await Promise.all(this.#running);
  }

  #cancel(entry: Entry): void {
    clearTimeout(entry.timer);
    this.#waiting.delete(entry);
    this.#forget(entry);
    entry.controller.abort(new Error('the read-out was cancelled'));
  }

  #forget({ readout }: Entry): void {
    this.#entries.delete(keyOf(readout.requester, readout.seqnr));
  }

  #enqueue(entry: Entry): void {
    this.#waiting.add(entry);
    this.#startNext();
  }

  #startNext(): void {
    for (const entry of this.#waiting) {
      if (this.#running.size >= this.#limits.running) return;
      this.#waiting.delete(entry);
      entry.isRunning = true;
      const run = this.#run(entry).finally(() => {
        this.#running.delete(run);
        this.#startNext();
      });
      this.#running.add(run);
    }
  }

  async #run(entry: Entry): Promise<void> {
    const { signal } = entry.controller;
    try {
      // The answer to the request goes out first.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (!signal.aborted) await entry.readout.run(signal, entry.queued);
    } catch (error) {
      if (!signal.aborted) this.#onError(error);
    } finally {
      // After a cancel the number may be in use again.
      if (!signal.aborted) this.#forget(entry);
    }
  }
}

function keyOf(requester: Jid, seqnr: ReadoutId): string {
  return JSON.stringify([String(seqnr), requester.toString()]);
}
