import { effect, type ReadonlySignal, signal } from '@preact/signals-core';

export interface PollerOptions {
  /** From the begin of one run to the begin of the next. */
  readonly intervalMs: () => number;
  /** Longest pause after failures in a row. */
  readonly maxBackoffMs: number;
  /** Runs only while this is true, and at once when it becomes true. */
  readonly gate: ReadonlySignal<boolean>;
  run(signal: AbortSignal): Promise<void>;
  /** Told of each failure. */
  onError(error: unknown): void;
}

const MIN_PAUSE_MS = 50;

/** Runs something again and again, never twice at once, more and more slowly while it fails. Survives every error. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #nextAt = signal<number | undefined>(undefined);
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: AbortController | undefined;
  #closeGate: (() => void) | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** When it runs next, in ms since 1970; undefined while it runs or is stopped. */
  get nextAt(): ReadonlySignal<number | undefined> {
    return this.#nextAt;
  }

  start(): void {
    if (this.#closeGate) return;
    this.#closeGate = effect(() => {
      // What opens the gate (a reconnect, a Thing coming online) may well have ended the reason of the failures.
      this.#failures = 0;
      if (this.#options.gate.value) this.#schedule(0);
      else this.#cancelTimer();
    });
  }

  /** Stops, and aborts the run under way. */
  stop(): void {
    this.#closeGate?.();
    this.#closeGate = undefined;
    this.#cancelTimer();
    this.#running?.abort(new Error('polling was stopped'));
    this.#running = undefined;
  }

  /** Runs at once if nothing is under way, as after a change of the interval. */
  wake(): void {
    if (this.#closeGate && this.#options.gate.peek()) this.#schedule(0);
  }

  #schedule(ms: number): void {
    if (this.#running) return;
    this.#cancelTimer();
    this.#nextAt.value = Date.now() + ms;
    this.#timer = setTimeout(() => void this.#run(), ms);
  }

  #cancelTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#nextAt.value = undefined;
  }

  async #run(): Promise<void> {
    this.#cancelTimer();
    const running = new AbortController();
    this.#running = running;
    const begin = Date.now();
    try {
      await this.#options.run(running.signal);
      this.#failures = 0;
    } catch (error) {
      if (!running.signal.aborted) {
        this.#failures++;
        this.#options.onError(error);
      }
    }
    // Stopped, and perhaps started again since.
    if (this.#running !== running) return;
    this.#running = undefined;
    if (this.#closeGate && this.#options.gate.peek()) this.#schedule(this.#pause(Date.now() - begin));
  }

  #pause(elapsedMs: number): number {
    const intervalMs = this.#options.intervalMs();
    if (this.#failures === 0) return Math.max(MIN_PAUSE_MS, intervalMs - elapsedMs);
    return Math.max(intervalMs, Math.min(this.#options.maxBackoffMs, intervalMs * 2 ** Math.min(this.#failures, 10)));
  }
}
