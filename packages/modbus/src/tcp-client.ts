import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { checkUnsigned } from './byte-cursor.ts';
import type { ConnectionState, ModbusClient, ModbusRequestOptions } from './client.ts';
import { ModbusError, ModbusException } from './error.ts';
import { encodeRequest } from './functions.ts';
import { lost, understand } from './outcome.ts';
import { isWrite, type ModbusRequest, type ModbusResponse } from './pdu.ts';
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

interface PendingRequest {
  readonly unit: number;
  readonly request: ModbusRequest;
  readonly functionCode: number;
  readonly timeoutMs: number;
  readonly transactionId: number | undefined;
  readonly frame: (transactionId: number) => Uint8Array;
  settle(outcome: ModbusResponse | Error): void;
}

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
export class ModbusTcpClient extends EventEmitter<{ state: [ConnectionState] }> implements ModbusClient {
  readonly #options: Required<ModbusTcpClientOptions>;
  readonly #queue: PendingRequest[] = [];
  readonly #inFlight = new Map<number, InFlight>();
  #socket: Socket | undefined;
  #reader = new TcpFrameReader();
  #state: ConnectionState = 'disconnected';
  #problem: string | undefined;
  #attempt = 0;
  #retry: NodeJS.Timeout | undefined;
  #lastTransactionId = 0;
  /** Units in the order in which they were last served, the latest last. */
  readonly #served = new Set<number>();

  constructor(options: ModbusTcpClientOptions) {
    super();
    this.#options = {
      timeoutMs: 1000,
      maxInFlight: 1,
      maxQueued: 1000,
      maxBackoffMs: 10_000,
      random: Math.random,
      ...options,
    };
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
    this.#connect();
  }

  /** Requests that wait fail. */
  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#setState('closed');
    this.#failAll('closed', 'the connection was closed');
    this.#socket?.destroy();
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
    const pdu = encodeRequest(request);
    checkUnsigned(unit, 0xff, 'a unit');
    if (transactionId !== undefined) checkUnsigned(transactionId, 0xffff, 'a transaction id');
    const { host, port, maxQueued } = this.#options;
    // The first connection is waited for; one that was lost or failed is not.
    const isOpening = this.#state === 'connecting' && this.#problem === undefined;
    if (this.#state !== 'connected' && !isOpening) {
      const why = this.#problem ?? 'the connection is not open';
      throw new ModbusError('not-connected', `${host}:${port}: ${why}`);
    }
    if (this.#queue.length >= maxQueued) {
      throw new ModbusError('not-connected', `${host}:${port}: ${maxQueued} requests are waiting already`);
    }
    return new Promise((resolve, reject) => {
      const reason = () => (signal?.reason instanceof Error ? signal.reason : new ModbusError('closed', 'aborted'));
      const abort = () => {
        const at = this.#queue.indexOf(pending);
        if (at !== -1) this.#queue.splice(at, 1);
        const isSentWrite = at === -1 && isWrite(request);
        pending.settle(isSentWrite ? lost(request, 'closed', reason().message) : reason());
      };
      const pending: PendingRequest = {
        unit,
        request,
        functionCode: pdu[0] as number,
        timeoutMs,
        transactionId,
        frame: (transactionId) => encodeTcpFrame({ transactionId, unit, pdu }),
        settle(outcome) {
          signal?.removeEventListener('abort', abort);
          if (outcome instanceof Error) reject(outcome);
          else if (outcome.kind === 'exception') reject(new ModbusException(outcome.exceptionCode));
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
    const { host, port, timeoutMs } = this.#options;
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.#socket = socket;
    this.#reader = new TcpFrameReader();
    const slow = setTimeout(() => socket.destroy(new Error('the host does not answer')), Math.max(timeoutMs, 3000));
    let reason = 'the device closed the connection';
    socket.on('connect', () => {
      clearTimeout(slow);
      this.#problem = undefined;
      this.#setState('connected');
      this.#sendNext();
    });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = (error.code && REASONS[error.code]) || error.message;
    });
    socket.on('close', () => {
      clearTimeout(slow);
      this.#socket = undefined;
      if (this.#state === 'closed') return;
      this.#problem = reason;
      this.#setState('disconnected');
      this.#failAll('not-connected', `${host}:${port}: ${reason}`);
      const pause = Math.min(this.#options.maxBackoffMs, 250 * 2 ** Math.min(this.#attempt++, 10));
      this.#retry = setTimeout(() => this.#connect(), pause * (0.5 + this.#options.random() / 2));
    });
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const { transactionId, unit, pdu } of this.#reader.push(chunk)) {
        const waiting = this.#inFlight.get(transactionId);
        // A late answer to a request that has timed out belongs to nobody.
        if (!waiting || waiting.unit !== unit) continue;
        // A server that takes connections only to drop them is not asked again at once.
        this.#attempt = 0;
        this.#finish(transactionId, waiting, understand(waiting.request, waiting.functionCode, pdu));
      }
    } catch (error) {
      this.#socket?.destroy(error as Error);
    }
    this.#sendNext();
  }

  #sendNext(): void {
    const { host, port } = this.#options;
    const maxInFlight = Math.min(this.#options.maxInFlight, MOST_IN_FLIGHT);
    while (this.#state === 'connected' && this.#inFlight.size < maxInFlight) {
      // What is given to a socket that is going down would count as sent.
      if (!this.#socket?.writable) return;
      const next = this.#takeNext(maxInFlight);
      if (!next) return;
      const transactionId = this.#newTransactionId(next.transactionId);
      const timer = setTimeout(() => {
        const waiting = this.#inFlight.get(transactionId);
        if (!waiting) return;
        const what = `no answer from unit ${next.unit} at ${host}:${port} within ${next.timeoutMs} ms`;
        this.#finish(transactionId, waiting, lost(next.request, 'no-answer', what));
        this.#sendNext();
      }, next.timeoutMs);
      this.#inFlight.set(transactionId, { ...next, timer });
      this.#socket.write(next.frame(transactionId));
    }
  }

  /**
   * The oldest request of the unit with the fewest on their way; of several such units, of the one that has waited longest.
   * Where there are several units, none takes all places, so that one that does not answer leaves a way to the others.
   */
  #takeNext(maxInFlight: number): PendingRequest | undefined {
    const mostOfOneUnit = this.#served.size > 1 && maxInFlight > 1 ? maxInFlight - 1 : maxInFlight;
    const busy = new Map<number, number>();
    for (const { unit } of this.#inFlight.values()) busy.set(unit, (busy.get(unit) ?? 0) + 1);
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

  #failAll(code: 'not-connected' | 'closed', message: string): void {
    for (const [id, waiting] of [...this.#inFlight]) this.#finish(id, waiting, lost(waiting.request, code, message));
    for (const waiting of this.#queue.splice(0)) waiting.settle(new ModbusError(code, message));
  }

  #setState(state: ConnectionState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.emit('state', state);
  }
}
