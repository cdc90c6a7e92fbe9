import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { AsciiFrameReader, encodeAsciiFrame } from './ascii-frame.ts';
import { checkUnsigned } from './byte-cursor.ts';
import type { ConnectionState, ModbusClient, ModbusRequestOptions } from './client.ts';
import { ModbusError, ModbusException } from './error.ts';
import { encodeRequest } from './functions.ts';
import { lost, understand } from './outcome.ts';
import { isWrite, type ModbusRequest, type ModbusResponse } from './pdu.ts';
import { encodeRtuFrame, RtuFrameReader } from './rtu-frame.ts';
import type { SerialFrameReader, SerialMode } from './serial-frame.ts';

export interface ModbusSerialClientOptions {
  /** Opens the line: a serial port, or a TCP connection that carries the same bytes. */
  readonly connect: () => Duplex;
  /** What the line is called in errors, such as `/dev/ttyUSB0`. */
  readonly name: string;
  readonly mode: SerialMode;
  /** How long to wait for each answer; 1000 ms when not given. */
  readonly timeoutMs?: number;
  /** Silence between frames; 2 ms when not given. `silenceBetweenFrames` says how much a speed needs. */
  readonly silenceMs?: number;
  /** A pause that ends a frame whose length nobody knows, or one that was cut off; 50 ms when not given, as adapters deliver late. */
  readonly gapMs?: number;
  /** How long units are given to act on what was sent to all of them; 100 ms when not given. */
  readonly turnaroundMs?: number;
  /** Requests waiting for their turn before new ones are refused; 1000 when not given. */
  readonly maxQueued?: number;
  /** Longest pause between attempts to open the line; 10,000 ms when not given. */
  readonly maxBackoffMs?: number;
  /** Numbers from 0 to 1 for the jitter of those pauses; Math.random when not given. */
  readonly random?: () => number;
}

/** Unit 0 on a serial line: all of them. @see MODBUS over Serial Line V1.02 §2.2 */
export const BROADCAST_UNIT = 0;
/** Above this speed, pauses no longer shrink. */
const FASTEST_BY_CHARACTERS = 19_200;
const BITS_PER_CHARACTER = 11;
const FIXED_SILENCE_MS = 1.75;

/** Milliseconds of silence that separate RTU frames: 3.5 characters. @see MODBUS over Serial Line V1.02 §2.5.1.1 */
export function silenceBetweenFrames(baudRate: number): number {
  if (baudRate > FASTEST_BY_CHARACTERS) return FIXED_SILENCE_MS;
  return (3.5 * BITS_PER_CHARACTER * 1000) / baudRate;
}

interface PendingRequest {
  readonly unit: number;
  readonly request: ModbusRequest;
  readonly functionCode: number;
  readonly timeoutMs: number;
  readonly frame: Uint8Array;
  /** Undefined: it was sent to all units. */
  settle(outcome: ModbusResponse | Error | undefined): void;
}

/**
 * The master of a serial line, of which there is one. One request at a time; units take turns, however many requests one of them has
 * waiting. What is sent to unit 0 reaches every unit, and none answers.
 * Emits `state` with the new ConnectionState.
 * @see MODBUS over Serial Line V1.02 §2
 */
export class ModbusSerialClient extends EventEmitter<{ state: [ConnectionState] }> implements ModbusClient {
  readonly #options: Required<ModbusSerialClientOptions>;
  readonly #queue: PendingRequest[] = [];
  /** Units in the order in which they were last served, the latest last. */
  readonly #served = new Set<number>();
  #line: Duplex | undefined;
  #reader: SerialFrameReader;
  #current: PendingRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #gap: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  #state: ConnectionState = 'disconnected';
  #problem: string | undefined;
  #attempt = 0;

  constructor(options: ModbusSerialClientOptions) {
    super();
    this.#options = {
      timeoutMs: 1000,
      silenceMs: 2,
      gapMs: 50,
      turnaroundMs: 100,
      maxQueued: 1000,
      maxBackoffMs: 10_000,
      random: Math.random,
      ...options,
    };
    this.#reader = this.#newReader();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  open(): void {
    if (this.#state !== 'disconnected' || this.#retry) return;
    this.#connect();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#setState('closed');
    this.#failAll('closed', 'the line was closed');
    this.#line?.destroy();
  }

  /**
   * @throws ModbusException the device's exception
   * @throws ModbusError `limit-exceeded` for a request that can't be sent, `not-connected`, `closed`; then for reads `no-answer`,
   *   `malformed-frame` or `malformed-pdu`; for writes `outcome-unknown` whenever they were sent and no proper answer came
   */
  async request(
    unit: number,
    request: ModbusRequest,
    { signal, timeoutMs = this.#options.timeoutMs }: ModbusRequestOptions = {},
  ): Promise<ModbusResponse> {
    if (unit === BROADCAST_UNIT) throw new ModbusError('limit-exceeded', 'unit 0 is all units: none of them answers');
    const response = await this.#enqueue(unit, request, signal, timeoutMs);
    return response as ModbusResponse;
  }

  /**
   * Sends a request to all units. What they make of it, nobody knows.
   * @throws ModbusError `limit-exceeded` for a read, which nobody could answer; `not-connected`, `closed`; `outcome-unknown`
   */
  async broadcast(request: ModbusRequest, signal?: AbortSignal): Promise<void> {
    if (!isWrite(request)) throw new ModbusError('limit-exceeded', 'only writes can go to all units');
    await this.#enqueue(BROADCAST_UNIT, request, signal, this.#options.turnaroundMs);
  }

  async #enqueue(
    unit: number,
    request: ModbusRequest,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<ModbusResponse | undefined> {
    const { name, maxQueued, mode } = this.#options;
    const pdu = encodeRequest(request);
    const frame = (mode === 'rtu' ? encodeRtuFrame : encodeAsciiFrame)({
      unit: checkUnsigned(unit, 0xff, 'a unit'),
      pdu,
    });
    // The first opening is waited for; a line that was lost or failed is not.
    const isOpening = this.#state === 'connecting' && this.#problem === undefined;
    if (this.#state !== 'connected' && !isOpening) {
      throw new ModbusError('not-connected', `${name}: ${this.#problem ?? 'the line is not open'}`);
    }
    if (this.#queue.length >= maxQueued) {
      throw new ModbusError('not-connected', `${name}: ${maxQueued} requests are waiting already`);
    }
    return new Promise((resolve, reject) => {
      const reason = () => (signal?.reason instanceof Error ? signal.reason : new ModbusError('closed', 'aborted'));
      const abort = () => {
        const at = this.#queue.indexOf(pending);
        if (at !== -1) this.#queue.splice(at, 1);
        // What is on the line stays there until its answer or its time-out; only its caller has gone.
        pending.settle(at === -1 && isWrite(request) ? lost(request, 'closed', reason().message) : reason());
      };
      const pending: PendingRequest = {
        unit,
        request,
        functionCode: pdu[0] as number,
        timeoutMs,
        frame,
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
      this.#sendNext();
    });
  }

  #connect(): void {
    this.#retry = undefined;
    this.#setState('connecting');
    const line = this.#options.connect();
    this.#line = line;
    this.#reader = this.#newReader();
    let reason = 'the line was closed';
    const ready = () => {
      this.#problem = undefined;
      this.#setState('connected');
      this.#sendNext();
    };
    line.once('connect', ready).once('open', ready);
    line.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    line.on('error', (error) => {
      reason = error.message;
    });
    line.once('close', () => {
      this.#line = undefined;
      if (this.#state === 'closed') return;
      this.#problem = reason;
      this.#setState('disconnected');
      this.#failAll('not-connected', `${this.#options.name}: ${reason}`);
      const wait = Math.min(this.#options.maxBackoffMs, 250 * 2 ** Math.min(this.#attempt++, 10));
      this.#retry = setTimeout(() => this.#connect(), wait * (0.5 + this.#options.random() / 2));
    });
    // A port that could not be opened says so, and may not close.
    line.once('error', () => line.destroy());
  }

  #receive(chunk: Uint8Array): void {
    clearTimeout(this.#gap);
    this.#gap = setTimeout(() => this.#take(() => this.#reader.silence()), this.#options.gapMs);
    this.#take(() => this.#reader.push(chunk));
  }

  #take(read: () => { unit: number; pdu: Uint8Array }[]): void {
    try {
      for (const { unit, pdu } of read()) {
        const current = this.#current;
        // An answer of another unit, or to nothing, is late: it belongs to nobody.
        if (!current || current.unit !== unit) continue;
        this.#attempt = 0;
        this.#finish(current, understand(current.request, current.functionCode, pdu));
      }
    } catch (error) {
      if (!(error instanceof ModbusError)) throw error;
      const current = this.#current;
      if (current) this.#finish(current, lost(current.request, 'malformed-frame', error.message));
    }
  }

  #sendNext(): void {
    if (this.#current || this.#pause || this.#state !== 'connected' || !this.#line?.writable) return;
    const next = this.#takeNext();
    if (!next) return;
    this.#current = next;
    this.#timer = setTimeout(() => {
      const what = `${this.#options.name}: no answer from unit ${next.unit} within ${next.timeoutMs} ms`;
      this.#finish(next, next.unit === BROADCAST_UNIT ? undefined : lost(next.request, 'no-answer', what));
    }, next.timeoutMs);
    this.#line.write(next.frame);
  }

  /** The oldest request of the unit that has waited longest. */
  #takeNext(): PendingRequest | undefined {
    const turns = new Map([...this.#served].map((unit, turn) => [unit, turn]));
    let best: PendingRequest | undefined;
    const rank = ({ unit }: PendingRequest) => turns.get(unit) ?? -1;
    for (const candidate of this.#queue) if (!best || rank(candidate) < rank(best)) best = candidate;
    if (!best) return undefined;
    this.#queue.splice(this.#queue.indexOf(best), 1);
    this.#served.delete(best.unit);
    this.#served.add(best.unit);
    return best;
  }

  #finish(request: PendingRequest, outcome: ModbusResponse | Error | undefined): void {
    if (this.#current !== request) return;
    clearTimeout(this.#timer);
    this.#current = undefined;
    request.settle(outcome);
    // The line has to be silent before the next frame.
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#sendNext();
    }, this.#options.silenceMs);
  }

  #failAll(code: 'not-connected' | 'closed', message: string): void {
    clearTimeout(this.#gap);
    const current = this.#current;
    if (current) this.#finish(current, lost(current.request, code, message));
    clearTimeout(this.#pause);
    this.#pause = undefined;
    for (const waiting of this.#queue.splice(0)) waiting.settle(new ModbusError(code, message));
  }

  #newReader(): SerialFrameReader {
    return this.#options.mode === 'rtu' ? new RtuFrameReader('response') : new AsciiFrameReader();
  }

  #setState(state: ConnectionState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.emit('state', state);
  }
}
