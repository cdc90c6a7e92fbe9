import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { ConnectionState } from './client.ts';
import { ModbusError, ModbusException } from './error.ts';
import { encodeRequest } from './functions.ts';
import { lost } from './outcome.ts';
import { isWrite, type ModbusRequest, type ModbusResponse } from './pdu.ts';

const FIRST_BACKOFF_MS = 250;

/** What a way to devices is called in errors, and how it is kept up. */
export interface LineClientSettings {
  /** Such as `10.0.0.5:502` or `/dev/ttyUSB0`. */
  readonly name: string;
  /** In words. */
  readonly medium: 'connection' | 'line';
  /** Requests waiting for their turn before new ones are refused. */
  readonly maxQueued: number;
  /** Longest pause between attempts to open it. */
  readonly maxBackoffMs: number;
  /** From 0 to 1, for the jitter of those pauses. */
  readonly random: () => number;
}

/** A request that waits for its turn, or for its answer. */
export interface PendingRequest {
  readonly unit: number;
  readonly request: ModbusRequest;
  readonly functionCode: number;
  readonly pdu: Uint8Array;
  readonly timeoutMs: number;
  /** The one it is to be sent with, if it is free. */
  readonly transactionId: number | undefined;
  /** Undefined: nobody answers it. */
  settle(outcome: ModbusResponse | Error | undefined): void;
}

/**
 * What every way to devices has in common: it is opened again with growing pauses until it is closed, requests wait in a bounded queue, and
 * units take turns. How requests travel and are answered is up to each kind.
 * Emits `state` with the new ConnectionState.
 */
export abstract class LineClient extends EventEmitter<{ state: [ConnectionState] }> {
  readonly #settings: LineClientSettings;
  readonly #queue: PendingRequest[] = [];
  /** Units in the order in which they were last served, the latest last. */
  readonly #served = new Set<number>();
  #line: Duplex | undefined;
  #state: ConnectionState = 'disconnected';
  #problem: string | undefined;
  #attempt = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(settings: LineClientSettings) {
    super();
    this.#settings = settings;
  }

  /** Opens it, and listens to what arrives. */
  protected abstract openLine(): Duplex;

  /** Sends what may be sent now. */
  protected abstract sendNext(): void;

  /** Settles all that was sent with what has become of each. */
  protected abstract failSent(outcomeOf: (request: ModbusRequest) => Error): void;

  /** Why it is gone, for people. @param error what was last told; none when it was just closed */
  protected reasonOf(error: Error | undefined): string {
    return error?.message ?? `the ${this.#settings.medium} was closed`;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Why it is not connected, for people; undefined while it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Connects, and reconnects with growing pauses, until `close`. */
  open(): void {
    if (this.#state !== 'disconnected' || this.#retry) return;
    this.#open();
  }

  /** Requests that wait fail. */
  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#setState('closed');
    this.#failAll('closed', `the ${this.#settings.medium} was closed`);
    this.#line?.destroy();
  }

  /** What can be written to now: what is given to a line that is going down would count as sent. */
  protected get writableLine(): Duplex | undefined {
    return this.#state === 'connected' && this.#line?.writable ? this.#line : undefined;
  }

  /** One that opens only to be lost again is not opened again at once: somebody has to have answered. */
  protected answered(): void {
    this.#attempt = 0;
  }

  protected get unitsServed(): number {
    return this.#served.size;
  }

  /** Puts a request in the queue. @throws ModbusError when it can't be sent, or there is no way now */
  protected async enqueue(
    what: Pick<PendingRequest, 'unit' | 'request' | 'timeoutMs' | 'transactionId'>,
    signal: AbortSignal | undefined,
  ): Promise<ModbusResponse | undefined> {
    const { name, medium, maxQueued } = this.#settings;
    const { request } = what;
    const pdu = encodeRequest(request);
    // The first opening is waited for; one that was lost or failed is not.
    const isOpening = this.#state === 'connecting' && this.#problem === undefined;
    if (this.#state !== 'connected' && !isOpening) {
      throw new ModbusError('not-connected', `${name}: ${this.#problem ?? `the ${medium} is not open`}`);
    }
    if (this.#queue.length >= maxQueued) {
      throw new ModbusError('not-connected', `${name}: ${maxQueued} requests are waiting already`);
    }
    return new Promise((resolve, reject) => {
      const reason = () => (signal?.reason instanceof Error ? signal.reason : new ModbusError('closed', 'aborted'));
      const abort = () => {
        const at = this.#queue.indexOf(pending);
        if (at !== -1) this.#queue.splice(at, 1);
        // What was sent stays sent until its answer or its time-out; only its caller has gone.
        pending.settle(at === -1 && isWrite(request) ? lost(request, 'closed', reason().message) : reason());
      };
      const pending: PendingRequest = {
        ...what,
        pdu,
        functionCode: pdu[0] as number,
        settle(outcome) {
          signal?.removeEventListener('abort', abort);
          if (outcome instanceof Error) reject(outcome);
          else if (outcome?.kind === 'exception') reject(new ModbusException(outcome.exceptionCode));
          else resolve(outcome);
        },
      };
      if (signal?.aborted) {
        reject(reason());
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      this.#queue.push(pending);
      this.sendNext();
    });
  }

  /**
   * Takes the oldest request of the unit with the fewest on their way; of several such units, of the one that has waited longest.
   * @param busy how many requests of each unit are on their way
   * @param mostOfOneUnit more of one unit are not taken
   */
  protected takeNext(busy: ReadonlyMap<number, number>, mostOfOneUnit: number): PendingRequest | undefined {
    const turns = new Map([...this.#served].map((unit, turn) => [unit, turn]));
    let best: PendingRequest | undefined;
    const rank = ({ unit }: PendingRequest) => (busy.get(unit) ?? 0) * 256 + (turns.get(unit) ?? -1);
    for (const candidate of this.#queue) {
      if ((busy.get(candidate.unit) ?? 0) >= mostOfOneUnit) continue;
      if (!best || rank(candidate) < rank(best)) best = candidate;
    }
    if (!best) return undefined;
    this.#queue.splice(this.#queue.indexOf(best), 1);
    this.#served.delete(best.unit);
    this.#served.add(best.unit);
    return best;
  }

  #open(): void {
    this.#retry = undefined;
    this.#setState('connecting');
    const line = this.openLine();
    this.#line = line;
    let problem: Error | undefined;
    const ready = () => {
      this.#problem = undefined;
      this.#setState('connected');
      this.sendNext();
    };
    // A socket connects, a serial port opens.
    line.once('connect', ready).once('open', ready);
    line.on('error', (error) => {
      problem = error;
      // A port that could not be opened says so, and may not close.
      line.destroy();
    });
    line.once('close', () => {
      this.#line = undefined;
      if (this.#state === 'closed') return;
      const reason = this.reasonOf(problem);
      this.#problem = reason;
      this.#setState('disconnected');
      this.#failAll('not-connected', `${this.#settings.name}: ${reason}`);
      const { maxBackoffMs, random } = this.#settings;
      const wait = Math.min(maxBackoffMs, FIRST_BACKOFF_MS * 2 ** Math.min(this.#attempt++, 10));
      this.#retry = setTimeout(() => this.#open(), wait * (0.5 + random() / 2));
    });
  }

  #failAll(code: 'not-connected' | 'closed', message: string): void {
    this.failSent((request) => lost(request, code, message));
    for (const waiting of this.#queue.splice(0)) waiting.settle(new ModbusError(code, message));
  }

  #setState(state: ConnectionState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.emit('state', state);
  }
}
