import { EventEmitter } from 'node:events';
import { Dnp3Error } from '../error.ts';
import { IIN, IIN_EVENTS } from '../internal-indications.ts';
import type { Dnp3Master, EventClass, PointClass } from './master.ts';

export interface AssociationOptions {
  readonly master: Dnp3Master;
  /** Classes that the outstation shall report by itself; all when not given, none: it is polled alone. */
  readonly unsolicited?: readonly EventClass[];
  /** How often all is read; once an hour when not given, 0: at the beginning alone. */
  readonly integrityMs?: number;
  /** How often events are read where the outstation does not report by itself; 1000 ms when not given. */
  readonly eventPollMs?: number;
  /** How the outstation's clock is set when it wants that; as on a LAN when not given. */
  readonly timeSync?: 'lan' | 'serial' | 'none';
  /** After such a silence the outstation is asked whether it is there; 60,000 ms when not given. */
  readonly keepAliveMs?: number;
  /** Numbers from 0 to 1 for the jitter of pauses; Math.random when not given. */
  readonly random?: () => number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** What an outstation asks for again and again is not done more often. */
const LEAST_INTERVAL_MS = 10_000;
const EVENT_CLASSES: readonly (readonly [EventClass, number])[] = [
  [1, IIN.class1Events],
  [2, IIN.class2Events],
  [3, IIN.class3Events],
];

/**
 * Keeps a master in step with its outstation: reads all at the beginning, has changes reported or polls for them, sets the clock, notices
 * restarts and lost events, and begins anew whenever the connection was lost.
 * Emits `online`, and `offline` with what is wrong.
 * @see IEEE 1815-2012 §5.4.5 (what a master does at its start), §4.2.2.6
 */
export class Dnp3Association extends EventEmitter<{ online: []; offline: [problem: Dnp3Error] }> {
  readonly master: Dnp3Master;
  readonly #options: Required<AssociationOptions>;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #problem: Dnp3Error | undefined;
  #isOnline = false;
  /** The outstation reports by itself. */
  #isReporting = false;
  /** Bits of `IIN` that ask for something. */
  #demands = 0;
  #wake: (() => void) | undefined;
  #heardAt = 0;
  readonly #doneAt = new Map<string, number>();

  constructor(options: AssociationOptions) {
    super();
    this.setMaxListeners(0);
    this.master = options.master;
    this.#options = {
      unsolicited: [1, 2, 3],
      integrityMs: 3_600_000,
      eventPollMs: 1000,
      timeSync: 'lan',
      keepAliveMs: 60_000,
      random: Math.random,
      ...options,
    };
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Why it is not online, as far as that is known. */
  get problem(): Dnp3Error | undefined {
    return this.#problem;
  }

  /** Begins, and goes on until `close`. */
  open(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort(new Dnp3Error('closed', 'the association was closed'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const noticed = (indications: number) => {
      this.#heardAt = performance.now();
      this.#demands |= indications;
      if (indications !== 0) this.#wake?.();
    };
    const woken = () => this.#wake?.();
    this.master.on('indications', noticed);
    this.master.on('disconnected', woken);
    this.master.on('connected', woken);
    this.master.channel.on('state', woken);
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#connected();
        await this.#startUp();
        this.#isOnline = true;
        this.#problem = undefined;
        this.emit('online');
        attempt = 0;
        await this.#keep();
      } catch (error) {
        if (signal.aborted) break;
        this.#failed(error instanceof Dnp3Error ? error : new Dnp3Error('no-answer', String(error), { cause: error }));
        // Where there is no connection its return is waited for.
        if (this.master.isConnected) await this.#pause(this.#backoff(attempt));
      }
    }
    this.#isOnline = false;
    this.master.off('indications', noticed);
    this.master.off('disconnected', woken);
    this.master.off('connected', woken);
    this.master.channel.off('state', woken);
  }

  #failed(problem: Dnp3Error): void {
    this.#problem = problem;
    this.#isOnline = false;
    this.#isReporting = false;
    this.emit('offline', problem);
  }

  #backoff(attempt: number): number {
    return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10)) * (0.5 + this.#options.random() / 2);
  }

  async #connected(): Promise<void> {
    while (!this.master.isConnected) {
      this.#closing.signal.throwIfAborted();
      const { problem } = this.master.channel;
      if (problem !== undefined && this.#problem?.message !== this.master.channel.notConnected().message) {
        this.#failed(this.master.channel.notConnected());
      }
      await this.#pause(LONGEST_PAUSE_MS);
    }
  }

  async #startUp(): Promise<void> {
    const { unsolicited } = this.#options;
    const options = { signal: this.#closing.signal };
    this.#isReporting = false;
    this.#demands = 0;
    this.#doneAt.clear();
    // Nothing shall come before it is known how all is.
    await tolerant(this.master.disableUnsolicited([1, 2, 3], options));
    this.#heardAt = performance.now();
    if (this.#demands & IIN.deviceRestart) await tolerant(this.master.clearRestart(options));
    this.#demands &= ~IIN.deviceRestart;
    await this.#integrityPoll();
    await this.#synchronise();
    this.#isReporting = unsolicited.length > 0 && (await tolerant(this.master.enableUnsolicited(unsolicited, options)));
  }

  /** Until something is wrong. */
  async #keep(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (!this.master.isConnected) throw this.master.channel.notConnected();
      if (this.#demands & IIN.deviceRestart) {
        await this.#startUp();
        continue;
      }
      if (this.#demands & IIN.needTime && this.#isDue('time', LEAST_INTERVAL_MS)) await this.#synchronise();
      const isOverflown = this.#demands & IIN.eventBufferOverflow && this.#isDue('integrity', LEAST_INTERVAL_MS);
      const { integrityMs } = this.#options;
      if (isOverflown || (integrityMs > 0 && this.#isDue('integrity', integrityMs))) await this.#integrityPoll();
      await this.#pollEvents();
      if (performance.now() - this.#heardAt > this.#options.keepAliveMs) {
        await this.master.checkLink();
        this.#heardAt = performance.now();
      }
      await this.#pause(this.#nextMs());
    }
  }

  /** ms until there is something to do without being told so. */
  #nextMs(): number {
    const { integrityMs, eventPollMs, keepAliveMs } = this.#options;
    const now = performance.now();
    const since = (what: string) => now - (this.#doneAt.get(what) ?? now);
    const waits = [keepAliveMs - (now - this.#heardAt)];
    if (integrityMs > 0) waits.push(integrityMs - since('integrity'));
    if (!this.#isReporting) waits.push(eventPollMs - since('events'));
    if (this.#demands & IIN.needTime) waits.push(LEAST_INTERVAL_MS - since('time'));
    if (this.#demands & IIN.eventBufferOverflow) waits.push(LEAST_INTERVAL_MS - since('integrity'));
    return Math.max(1, Math.min(...waits));
  }

  #isDue(what: string, intervalMs: number): boolean {
    const done = this.#doneAt.get(what);
    return done === undefined || performance.now() - done >= intervalMs;
  }

  async #integrityPoll(): Promise<void> {
    this.#demands &= ~(IIN.eventBufferOverflow | IIN_EVENTS);
    await this.master.integrityPoll({ signal: this.#closing.signal });
    this.#doneAt.set('integrity', performance.now());
    this.#doneAt.set('events', performance.now());
  }

  /** Reads events: all of them in turn, or those the outstation says it has and does not report. */
  async #pollEvents(): Promise<void> {
    const { unsolicited, eventPollMs } = this.#options;
    const reported = this.#isReporting ? unsolicited : [];
    const isTurn = !this.#isReporting && this.#isDue('events', eventPollMs);
    const classes = EVENT_CLASSES.filter(
      ([eventClass, bit]) => isTurn || (this.#demands & bit && !reported.includes(eventClass)),
    ).map(([eventClass]): PointClass => eventClass);
    this.#demands &= ~IIN_EVENTS;
    if (classes.length === 0) return;
    await this.master.readClasses(classes, { signal: this.#closing.signal });
    this.#doneAt.set('events', performance.now());
  }

  async #synchronise(): Promise<void> {
    const { timeSync } = this.#options;
    if (!(this.#demands & IIN.needTime) || timeSync === 'none') return;
    this.#demands &= ~IIN.needTime;
    this.#doneAt.set('time', performance.now());
    await tolerant(this.master.synchroniseTime(timeSync, { signal: this.#closing.signal }));
  }

  /** Waits, or until there is news. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
      if (signal.aborted) done();
    });
  }
}

/** Has it been done? An outstation need not know everything. */
async function tolerant(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof Dnp3Error && error.code === 'refused') return false;
    throw error;
  }
}
