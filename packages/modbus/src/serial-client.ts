import type { Duplex } from 'node:stream';
import { AsciiFrameReader } from './ascii-frame.ts';
import { checkUnsigned } from './byte-cursor.ts';
import type { ModbusClient, ModbusRequestOptions } from './client.ts';
import { ModbusError } from './error.ts';
import { LineClient, type PendingRequest } from './line-client.ts';
import { lost, understand } from './outcome.ts';
import { isWrite, type ModbusRequest, type ModbusResponse } from './pdu.ts';
import { RtuFrameReader } from './rtu-frame.ts';
import type { SerialFrame, SerialFrameReader, SerialMode } from './serial-frame.ts';
import { encodeSerialFrame } from './serial-server.ts';

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

/**
 * The master of a serial line, of which there is one. One request at a time; units take turns, however many requests one of them has
 * waiting. What is sent to unit 0 reaches every unit, and none answers.
 * Emits `state` with the new ConnectionState.
 * @see MODBUS over Serial Line V1.02 §2
 */
export class ModbusSerialClient extends LineClient implements ModbusClient {
  readonly #options: Required<ModbusSerialClientOptions>;
  #reader: SerialFrameReader;
  #current: PendingRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #gap: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;

  constructor({
    name,
    maxQueued = 1000,
    maxBackoffMs = 10_000,
    random = Math.random,
    ...rest
  }: ModbusSerialClientOptions) {
    super({ name, medium: 'line', maxQueued, maxBackoffMs, random });
    const times = { timeoutMs: 1000, silenceMs: 2, gapMs: 50, turnaroundMs: 100 };
    this.#options = { ...times, ...rest, name, maxQueued, maxBackoffMs, random };
    this.#reader = this.#newReader();
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
    // Only what went to all units has no answer.
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

  #enqueue(
    unit: number,
    request: ModbusRequest,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<ModbusResponse | undefined> {
    checkUnsigned(unit, 0xff, 'a unit');
    return this.enqueue({ unit, request, timeoutMs, transactionId: undefined }, signal);
  }

  protected override openLine(): Duplex {
    const line = this.#options.connect();
    this.#reader = this.#newReader();
    line.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    return line;
  }

  protected override sendNext(): void {
    const line = this.writableLine;
    if (this.#current || this.#pause || !line) return;
    const next = this.takeNext(new Map(), 1);
    if (!next) return;
    this.#current = next;
    this.#timer = setTimeout(() => {
      const what = `${this.#options.name}: no answer from unit ${next.unit} within ${next.timeoutMs} ms`;
      this.#finish(next, next.unit === BROADCAST_UNIT ? undefined : lost(next.request, 'no-answer', what));
    }, next.timeoutMs);
    line.write(encodeSerialFrame(this.#options.mode, next));
  }

  protected override failSent(outcomeOf: (request: ModbusRequest) => Error): void {
    clearTimeout(this.#gap);
    const current = this.#current;
    if (current) this.#finish(current, outcomeOf(current.request));
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  #receive(chunk: Uint8Array): void {
    clearTimeout(this.#gap);
    this.#gap = setTimeout(() => this.#take(() => this.#reader.silence()), this.#options.gapMs);
    this.#take(() => this.#reader.push(chunk));
  }

  #take(read: () => SerialFrame[]): void {
    try {
      for (const { unit, pdu } of read()) {
        const current = this.#current;
        // An answer of another unit, or to nothing, is late: it belongs to nobody.
        if (!current || current.unit !== unit) continue;
        this.answered();
        this.#finish(current, understand(current.request, current.functionCode, pdu));
      }
    } catch (error) {
      if (!(error instanceof ModbusError)) throw error;
      const current = this.#current;
      if (current) this.#finish(current, lost(current.request, 'malformed-frame', error.message));
    }
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
      this.sendNext();
    }, this.#options.silenceMs);
  }

  #newReader(): SerialFrameReader {
    return this.#options.mode === 'rtu' ? new RtuFrameReader('response') : new AsciiFrameReader();
  }
}
