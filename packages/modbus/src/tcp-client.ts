import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkUnsigned } from './byte-cursor.ts';
import type { ModbusClient, ModbusRequestOptions } from './client.ts';
import { LineClient, type PendingRequest } from './line-client.ts';
import { lost, understand } from './outcome.ts';
import type { ModbusRequest, ModbusResponse } from './pdu.ts';
import { encodeTcpFrame, TcpFrameReader } from './tcp-frame.ts';

export interface ModbusTcpClientOptions {
  readonly host: string;
  readonly port: number;
  /** How long to wait for each answer; 1000 ms when not given. */
  readonly timeoutMs?: number;
  /** Requests on their way at the same time, at most 256; 1 when not given, as many devices can't do more. */
  readonly maxInFlight?: number;
  /** Requests waiting for their turn before new ones are refused; 1000 when not given. */
  readonly maxQueued?: number;
  /** Longest pause between attempts to connect; 10,000 ms when not given. */
  readonly maxBackoffMs?: number;
  /** Numbers from 0 to 1 for the jitter of those pauses; Math.random when not given. */
  readonly random?: () => number;
}

/** Far fewer than there are transaction ids. */
const MOST_IN_FLIGHT = 256;

/** What the system's errors mean to people. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the device closed the connection',
  EPIPE: 'the device closed the connection',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network of the host',
  ETIMEDOUT: 'the host does not answer',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'the name of the host can not be looked up now',
};

interface InFlight extends PendingRequest {
  readonly timer: NodeJS.Timeout;
}

/**
 * A connection to a Modbus TCP server, kept up until it is closed. Answers are matched by transaction id, so a unit that does not answer
 * costs its own time-out and nobody else's answer; units take turns, however many requests one of them has waiting. The requests of one
 * unit keep their order. A write is sent at most once.
 * Emits `state` with the new ConnectionState.
 * @see MODBUS Messaging on TCP/IP V1.0b §4.2
 */
export class ModbusTcpClient extends LineClient implements ModbusClient {
  readonly #options: Required<ModbusTcpClientOptions>;
  readonly #inFlight = new Map<number, InFlight>();
  #reader = new TcpFrameReader();
  #lastTransactionId = 0;

  constructor({
    host,
    port,
    maxQueued = 1000,
    maxBackoffMs = 10_000,
    random = Math.random,
    ...rest
  }: ModbusTcpClientOptions) {
    super({ name: `${host}:${port}`, medium: 'connection', maxQueued, maxBackoffMs, random });
    this.#options = { timeoutMs: 1000, maxInFlight: 1, ...rest, host, port, maxQueued, maxBackoffMs, random };
  }

  /**
   * Sends a request and gives the answer.
   * @throws ModbusException the device's exception
   * @throws ModbusError `limit-exceeded` for a request that can't be sent, `not-connected`, `closed`; then for reads `no-answer`, or
   *   `malformed-pdu` for an answer that does not fit; for writes `outcome-unknown` whenever they were sent and no proper answer came
   * @throws the signal's reason, except for a write that was sent already: that is `outcome-unknown`
   */
  async request(
    unit: number,
    request: ModbusRequest,
    { signal, timeoutMs = this.#options.timeoutMs, transactionId }: ModbusRequestOptions = {},
  ): Promise<ModbusResponse> {
    checkUnsigned(unit, 0xff, 'a unit');
    if (transactionId !== undefined) checkUnsigned(transactionId, 0xffff, 'a transaction id');
    const response = await this.enqueue({ unit, request, timeoutMs, transactionId }, signal);
    // Every request has an answer here.
    return response as ModbusResponse;
  }

  protected override openLine(): Duplex {
    const { host, port, timeoutMs } = this.#options;
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.#reader = new TcpFrameReader();
    const slow = setTimeout(() => socket.destroy(new Error('the host does not answer')), Math.max(timeoutMs, 3000));
    for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(slow));
    socket.on('data', (chunk) => this.#receive(chunk, socket));
    return socket;
  }

  protected override reasonOf(error: NodeJS.ErrnoException | undefined): string {
    if (!error) return 'the device closed the connection';
    return (error.code && REASONS[error.code]) || error.message;
  }

  protected override sendNext(): void {
    const { host, port } = this.#options;
    const maxInFlight = Math.min(this.#options.maxInFlight, MOST_IN_FLIGHT);
    for (let line = this.writableLine; line && this.#inFlight.size < maxInFlight; line = this.writableLine) {
      const next = this.takeNext(this.#busy(), this.#mostOfOneUnit(maxInFlight));
      if (!next) return;
      const transactionId = this.#newTransactionId(next.transactionId);
      const timer = setTimeout(() => {
        const waiting = this.#inFlight.get(transactionId);
        if (!waiting) return;
        const what = `no answer from unit ${next.unit} at ${host}:${port} within ${next.timeoutMs} ms`;
        this.#finish(transactionId, waiting, lost(next.request, 'no-answer', what));
        this.sendNext();
      }, next.timeoutMs);
      this.#inFlight.set(transactionId, { ...next, timer });
      line.write(encodeTcpFrame({ transactionId, unit: next.unit, pdu: next.pdu }));
    }
  }

  protected override failSent(outcomeOf: (request: ModbusRequest) => Error): void {
    for (const [id, waiting] of [...this.#inFlight]) this.#finish(id, waiting, outcomeOf(waiting.request));
  }

  #receive(chunk: Uint8Array, socket: Duplex): void {
    try {
      for (const { transactionId, unit, pdu } of this.#reader.push(chunk)) {
        const waiting = this.#inFlight.get(transactionId);
        // A late answer to a request that has timed out belongs to nobody.
        if (!waiting || waiting.unit !== unit) continue;
        this.answered();
        this.#finish(transactionId, waiting, understand(waiting.request, waiting.functionCode, pdu));
      }
    } catch (error) {
      socket.destroy(error as Error);
    }
    this.sendNext();
  }

  #busy(): ReadonlyMap<number, number> {
    const busy = new Map<number, number>();
    for (const { unit } of this.#inFlight.values()) busy.set(unit, (busy.get(unit) ?? 0) + 1);
    return busy;
  }

  /** Where there are several units, none takes all places, so that one that does not answer leaves a way to the others. */
  #mostOfOneUnit(maxInFlight: number): number {
    return this.unitsServed > 1 && maxInFlight > 1 ? maxInFlight - 1 : maxInFlight;
  }

  #newTransactionId(wanted: number | undefined): number {
    if (wanted !== undefined && !this.#inFlight.has(wanted)) return wanted;
    do this.#lastTransactionId = (this.#lastTransactionId + 1) & 0xffff;
    while (this.#inFlight.has(this.#lastTransactionId));
    return this.#lastTransactionId;
  }

  #finish(transactionId: number, waiting: InFlight, outcome: ModbusResponse | Error): void {
    clearTimeout(waiting.timer);
    this.#inFlight.delete(transactionId);
    waiting.settle(outcome);
  }
}
