import { DeadlineError, withinDeadline } from '../thing/deadline.ts';
import { type Thing, ThingBusyError } from '../thing/thing.ts';

/** Lets one command at a time at a Thing, in the order they came. */
export class ThingLocks {
  /** Settles when nobody has or awaits the Thing any more. */
  readonly #last = new WeakMap<Thing, Promise<void>>();

  /**
   * Waits for several Things, one after the other in the order given, which has to be the same for all who wait for several.
   * @returns lets go of all of them
   * @throws ThingBusyError when others do not let go in time; the signal's reason
   */
  async acquire(things: readonly Thing[], waitMs: number, signal: AbortSignal): Promise<() => void> {
    const deadline = Date.now() + waitMs;
    const releases: (() => void)[] = [];
    const releaseAll = () => {
      for (const release of releases) release();
    };
    try {
      for (const thing of things) {
        const { turn, release } = this.#queue(thing);
        releases.push(release);
        if (turn) await withinDeadline(turn, Math.max(0, deadline - Date.now()), signal);
      }
      return releaseAll;
    } catch (error) {
      releaseAll();
      if (!(error instanceof DeadlineError)) throw error;
      throw new ThingBusyError('another command is being carried out', { cause: error });
    }
  }

  #queue(thing: Thing): { turn: Promise<void> | undefined; release: () => void } {
    const turn = this.#last.get(thing);
    let release = () => {};
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    const last = turn ? turn.then(() => mine) : mine;
    this.#last.set(thing, last);
    void last.then(() => {
      if (this.#last.get(thing) === last) this.#last.delete(thing);
    });
    return { turn, release };
  }
}
