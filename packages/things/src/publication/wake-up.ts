import { pause } from '../thing/pause.ts';

/** Lets a loop wait until there is something to do. What woke it while it was at work counts for its next wait. */
export class WakeUp {
  #controller = new AbortController();

  wake(): void {
    this.#controller.abort();
  }

  /** Waits so long, or until it is woken, or until the signal. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await pause(ms, AbortSignal.any([signal, this.#controller.signal]));
    if (this.#controller.signal.aborted) this.#controller = new AbortController();
  }
}
