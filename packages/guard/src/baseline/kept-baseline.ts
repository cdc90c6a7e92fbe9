import type { Logger } from '@thingward/xmpp';
import { Baseline } from './baseline.ts';
import type { BaselineConfig } from './baseline-config.ts';
import { BaselineFile } from './baseline-file.ts';

const SAVE_MS = 300_000;

/** A baseline that outlives the program: read at the start, written every five minutes and at the end. */
export class KeptBaseline {
  readonly baseline: Baseline;
  readonly #file: BaselineFile;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #saving: Promise<void> = Promise.resolve();

  constructor(config: BaselineConfig, path: string, log: Logger) {
    this.baseline = new Baseline(config);
    this.#file = new BaselineFile(path);
    this.#log = log;
    try {
      const stored = this.#file.load();
      if (stored) this.baseline.restore(stored);
    } catch (error) {
      log.error({ path, reason: (error as Error).message }, 'what is usual could not be read: it is learned anew');
    }
    this.#timer = setInterval(() => void this.save(), SAVE_MS).unref();
  }

  /** Waits until it is on the disk. What fails is told to the log. */
  save(): Promise<void> {
    this.#saving = this.#saving
      .then(() => this.#file.save(this.baseline.stored()))
      .catch((error: Error) => this.#log.warn({ reason: error.message }, 'what is usual could not be kept'));
    return this.#saving;
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return this.save();
  }
}
