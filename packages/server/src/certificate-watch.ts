import { stat } from 'node:fs/promises';

/** Files are looked at so often, unless something else is said. */
export const WATCH_INTERVAL_MS = 5000;

/**
 * Notices when files have changed, whatever way: written to, replaced, or behind a link that points elsewhere now. It looks at them
 * from time to time, which works on every file system, and waits until they have kept still for one look.
 */
export class CertificateWatch {
  readonly #files: () => readonly string[];
  readonly #onChange: () => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  /** How the files were when they were used. */
  #used: string | undefined;
  #last: string | undefined;
  #isLooking = false;

  /** @param files asked each time: which they are may change too */
  constructor(files: () => readonly string[], onChange: () => Promise<void>, intervalMs = WATCH_INTERVAL_MS) {
    this.#files = files;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.look(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks at the files. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const state = (await Promise.all(this.#files().map(stateOf))).join('\n');
      this.#used ??= state;
      const isStill = state === this.#last;
      this.#last = state;
      if (state === this.#used || !isStill) return;
      this.#used = state;
      await this.#onChange();
    } finally {
      this.#isLooking = false;
    }
  }
}

async function stateOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(file);
    return `${file} ${dev} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return `${file} is not there`;
  }
}
