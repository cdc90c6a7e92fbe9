import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ModbusError, ModbusException } from './error.ts';
import { decodeResponse, encodeRequest } from './functions.ts';
import { isWrite, type ModbusRequest, type ModbusResponse } from './pdu.ts';
import { encodeTcpFrame, TcpFrameReader } from './tcp-frame.ts';

export interface ModbusTcpClientOptions {
  readonly host: string;
  readonly port: number;
  /** How long to wait for each answer; 1000 ms when not given. */
  readonly timeoutMs?: number;
  /** Requests on their way at the same time; 1 when not given, as many devices can't do more. */
  readonly maxInFlight?: number;
  /** Requests waiting for their turn before new ones are refused; 1000 when not given. */
  readonly maxQueued?: number;
  /** Longest pause between attempts to connect; 10,000 ms when not given. */
  readonly maxBackoffMs?: number;
}

export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'closed';

interface PendingRequest {
  readonly unit: number;
  readonly request: ModbusRequest;
  readonly timeoutMs: number;
  readonly frame: (transactionId: number) => Uint8Array;
  settle(outcome: ModbusResponse | Error): void;
}

interface InFlight extends PendingRequest {
  readonly timer: NodeJS.Timeout;
}

/**
 * A connection to a Modbus TCP server, kept up until it is closed. Answers are matched by transaction id, so a unit that does not answer
 * costs its own time-out and nobody else's answer. A write is sent at most once.
 * Emits `state` with the new ConnectionState.
 * @see MODBUS Messaging on TCP/IP V1.0b §4.2
 */
export class ModbusTcpClient extends EventEmitter<{ state: [ConnectionState] }> {
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

  constructor(options: ModbusTcpClientOptions) {
    super();
    this.#options = { timeoutMs: 1000, maxInFlight: 1, maxQueued: 1000, maxBackoffMs: 10_000, ...options };
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
   * @param timeoutMs how long to wait for the answer once it is sent; the client's when not given
   * @throws ModbusException the device's exception
   * @throws ModbusError `not-connected`, `no-answer` for reads, `outcome-unknown` for writes whose answer was lost, `malformed-pdu`
   * @throws the signal's reason, except for a write that was sent already: that is `outcome-unknown`
   */
  request(
    unit: number,
    request: ModbusRequest,
    signal?: AbortSignal,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<ModbusResponse> {
    const pdu = encodeRequest(request);
    const { host, port, maxQueued } = this.#options;
    // The first connection is waited for; one that was lost or failed is not.
    const isOpening = this.#state === 'connecting' && this.#problem === undefined;
    if (this.#state !== 'connected' && !isOpening) {
      const why = this.#problem ?? 'the connection is not open';
      return Promise.reject(new ModbusError('not-connected', `${host}:${port}: ${why}`));
    }
    if (this.#queue.length >= maxQueued) {
      return Promise.reject(
        new ModbusError('not-connected', `${host}:${port}: ${maxQueued} requests are waiting already`),
      );
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
        timeoutMs,
        frame: (transactionId) => encodeTcpFrame({ transactionId, unit, pdu }),
        settle(outcome) {
          signal?.removeEventListener('abort', abort);
          if (outcome instanceof Error) reject(outcome);
          else if (outcome.kind === 'exception') reject(new ModbusException(outcome.exceptionCode));
          else if (outcome.kind !== request.kind)
            reject(new ModbusError('malformed-pdu', 'the answer is to another function'));
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
    const slow = setTimeout(() => socket.destroy(new Error('no connection in time')), Math.max(timeoutMs, 3000));
    let reason = 'the device closed the connection';
    socket.on('connect', () => {
      clearTimeout(slow);
      this.#attempt = 0;
      this.#problem = undefined;
      this.#setState('connected');
      this.#sendNext();
    });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
    });
    socket.on('close', () => {
      clearTimeout(slow);
      this.#socket = undefined;
      if (this.#state === 'closed') return;
      this.#problem = reason;
      this.#setState('disconnected');
      this.#failAll('not-connected', `${host}:${port}: ${reason}`);
      const pause = Math.min(this.#options.maxBackoffMs, 250 * 2 ** Math.min(this.#attempt++, 10));
      this.#retry = setTimeout(() => this.#connect(), pause * (0.5 + Math.random() / 2));
    });
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const { transactionId, unit, pdu } of this.#reader.push(chunk)) {
        const waiting = this.#inFlight.get(transactionId);
        // A late answer to a request that has timed out belongs to nobody.
        if (!waiting || waiting.unit !== unit) continue;
        this.#finish(transactionId, waiting, decodeOrError(pdu));
      }
    } catch (error) {
      this.#socket?.destroy(error as Error);
    }
    this.#sendNext();
  }

  #sendNext(): void {
    const { host, port, maxInFlight } = this.#options;
    while (this.#state === 'connected' && this.#inFlight.size < maxInFlight) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#lastTransactionId = (this.#lastTransactionId + 1) & 0xffff;
      const transactionId = this.#lastTransactionId;
      const timer = setTimeout(() => {
        const waiting = this.#inFlight.get(transactionId);
        if (!waiting) return;
        const what = `no answer from unit ${next.unit} at ${host}:${port} within ${next.timeoutMs} ms`;
        this.#finish(transactionId, waiting, lost(next.request, 'no-answer', what));
        this.#sendNext();
      }, next.timeoutMs);
      this.#inFlight.set(transactionId, { ...next, timer });
      this.#socket?.write(next.frame(transactionId));
    }
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

/** A request was sent and has no answer. Of a write nobody knows whether it happened. */
function lost(request: ModbusRequest, code: 'no-answer' | 'not-connected' | 'closed', message: string): ModbusError {
  return isWrite(request)
    ? new ModbusError('outcome-unknown', `${message}; whether it was written is unknown`)
    : new ModbusError(code, message);
}

function decodeOrError(pdu: Uint8Array): ModbusResponse | ModbusError {
  try {
    return decodeResponse(pdu);
  } catch (error) {
    if (error instanceof ModbusError) return error;
    throw error;
  }
}
