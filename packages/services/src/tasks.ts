import { setMaxListeners } from 'node:events';
import type { Unsubscribe } from '@thingward/xmpp';

/** What a service does besides answering: bounded in time by `stop`, and no error of it is lost or stops anything else. */
export class Tasks {
  readonly #reportError: (error: unknown) => void;
  readonly #running = new Set<Promise<unknown>>();
  #abort = patientController();

  /** @param reportError told of what went wrong in tasks that nobody waits for */
  constructor(reportError: (error: unknown) => void) {
    this.#reportError = reportError;
  }

  /** Runs a task that the caller waits for, and `stop` too. */
  async run<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = task(this.#abort.signal);
    const tail = running.catch(() => undefined);
    this.#running.add(tail);
    try {
      return await running;
    } finally {
      this.#running.delete(tail);
    }
  }

  /** Runs a task that nobody waits for but `stop`. */
  start(task: (signal: AbortSignal) => Promise<unknown>): void {
    const { signal } = this.#abort;
    // After the present event: what was to be answered is answered first.
    const running = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      if (signal.aborted) return;
      try {
        await task(signal);
      } catch (error) {
        if (!signal.aborted) this.#reportError(error);
      }
    });
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /**
   * Runs a task now and again and again, with a pause after each.
   * @param pauseMs the pause, also after an error
   * @param task when it gives a number, the pause after it is that many ms
   */
  every(pauseMs: number, task: (signal: AbortSignal) => Promise<unknown>): Unsubscribe {
    let timer: NodeJS.Timeout | undefined;
    let isStopped = false;
    const round = () => {
      this.start(async (signal) => {
        let nextMs = pauseMs;
        try {
          const wanted = await task(signal);
          if (typeof wanted === 'number') nextMs = wanted;
        } finally {
          if (!isStopped && !signal.aborted) timer = setTimeout(round, nextMs).unref();
        }
      });
    };
    round();
    return () => {
      isStopped = true;
      clearTimeout(timer);
    };
  }

  /** Aborts what is running and waits for its end. Can be used again afterwards. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error('stopped'));
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#abort = patientController();
  }
}

/** Any number of requests may wait for its signal: how many there are is bounded by the peer. */
function patientController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
