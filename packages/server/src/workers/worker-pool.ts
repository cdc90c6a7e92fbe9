import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Logger } from '@thingward/xmpp';
import type { Connections } from '../listeners/connections.ts';
import type { Source } from '../listeners/proxy-protocol/proxy-header.ts';
import { ProxyProtocol } from '../listeners/proxy-protocol/proxy-protocol.ts';
import type { StreamConnection } from '../listeners/tcp-transport.ts';
import { RECORD, readJson } from './record.ts';
import { RemoteTransport } from './remote-transport.ts';
import type { WorkerDoor, WorkerSettings } from './worker-messages.ts';
import { WorkerProcess } from './worker-process.ts';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
/** A worker that lived that long did not end because of how it started. */
const STABLE_MS = 30_000;

export interface WorkerPoolOptions {
  /** How many processes. */
  readonly size: number;
  /** The file they run. */
  readonly program: string;
  readonly settings: WorkerSettings;
  readonly connections: Connections;
  readonly log: Logger;
}

/** The worker processes can't do their work. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly code = 'workers';
}

/** How many worker processes a setting means: with 'auto' one for each processor beyond the first. */
export function workerCount(setting: number | 'auto'): number {
  return setting === 'auto' ? Math.max(0, availableParallelism() - 1) : setting;
}

/**
 * Processes that have the sockets of clients, their TLS and the framing of their XML, so that these use more than one processor.
 * What there is to decide, and all state, stays in the main process: order is kept because each connection has one worker,
 * and all that one worker tells arrives in order.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers: (WorkerProcess | undefined)[];
  readonly #pauses: number[];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #proxies: Readonly<Record<WorkerDoor, ProxyProtocol>>;
  #settings: WorkerSettings;
  #lastNumber = 0;
  #stopping = false;

  private constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#settings = options.settings;
    const { proxies } = options.settings;
    this.#proxies = {
      c2s: new ProxyProtocol(proxies.c2s, options.log),
      c2sTls: new ProxyProtocol(proxies.c2sTls, options.log),
    };
    this.#workers = new Array(options.size).fill(undefined);
    this.#pauses = new Array(options.size).fill(FIRST_PAUSE_MS);
    for (let slot = 0; slot < options.size; slot++) this.#start(slot);
  }

  /** Starts them. @throws WorkerError when one can't be started */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    const started = await Promise.all(pool.#workers.map((worker) => worker?.started));
    if (started.every(Boolean)) return pool;
    await pool.stop();
    throw new WorkerError(`worker processes could not be started (${options.program})`);
  }

  /** For connections to come. */
  configure(settings: WorkerSettings): void {
    this.#settings = settings;
    for (const door of ['c2s', 'c2sTls'] as const) this.#proxies[door].trust(settings.proxies[door]);
    for (const worker of this.#workers) worker?.configure(settings);
  }

  /** Makes what takes new connections of a door, on which nothing was read yet. @param connect makes who speaks on one */
  taker(door: WorkerDoor, connect: (transport: RemoteTransport) => StreamConnection): (socket: Socket) => void {
    const canStartTls = door === 'c2s';
    return (socket) => {
      const { remoteAddress: address = '', remotePort: port = 0 } = socket;
      const worker = this.#leastLoaded();
      if (!worker) {
        this.#options.log.warn({ remote: address }, 'no worker process is ready: a connection was closed');
        socket.destroy();
        return;
      }
      const end = new RemoteConnectionEnd(this.#nextNumber(), worker, this.#options.connections, (number, source) => {
        const remote = `${source.address}:${source.port}`;
        return new RemoteTransport(number, worker.writer, { remote, canStartTls }, connect);
      });
      // Where a proxy's connections come from is in their header, which the worker reads.
      if (!this.#proxies[door].isTrusted(address) && !end.admit({ address, port })) {
        socket.destroy();
        return;
      }
      worker.give(end.number, door, socket, end);
    };
  }

  /** Ends all of them, after what they have to send was sent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#workers.map((worker) => worker?.stop()));
  }

  #leastLoaded(): WorkerProcess | undefined {
    let best: WorkerProcess | undefined;
    for (const worker of this.#workers) if (worker && (!best || worker.load < best.load)) best = worker;
    return best;
  }

  #nextNumber(): number {
    this.#lastNumber = (this.#lastNumber + 1) >>> 0;
    return this.#lastNumber;
  }

  #start(slot: number): void {
    const { program, log } = this.#options;
    const startedAt = Date.now();
    this.#workers[slot] = new WorkerProcess(program, this.#settings, log, () => {
      this.#workers[slot] = undefined;
      if (this.#stopping) return;
      if (Date.now() - startedAt > STABLE_MS) this.#pauses[slot] = FIRST_PAUSE_MS;
      const pause = this.#pauses[slot] as number;
      this.#pauses[slot] = Math.min(pause * 2, MAX_PAUSE_MS);
      log.error({ pauseMs: pause }, 'a worker process has ended unexpectedly and is started again');
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#start(slot);
      }, pause);
      this.#timers.add(timer);
    });
  }
}

/** One connection a worker has, from being handed over to its end. */
class RemoteConnectionEnd {
  readonly number: number;
  readonly #worker: WorkerProcess;
  readonly #connections: Connections;
  readonly #connect: (number: number, source: Source) => RemoteTransport;
  #left: (() => void) | undefined;
  #transport: RemoteTransport | undefined;

  constructor(
    number: number,
    worker: WorkerProcess,
    connections: Connections,
    connect: (number: number, source: Source) => RemoteTransport,
  ) {
    this.number = number;
    this.#worker = worker;
    this.#connections = connections;
    this.#connect = connect;
  }

  /** Counts it. @returns whether it may stay */
  admit({ address }: Source): boolean {
    this.#left ??= this.#connections.enter(this, address);
    return this.#left !== undefined;
  }

  take(kind: number, payload: Uint8Array): void {
    if (kind === RECORD.ended) this.lost();
    else if (kind === RECORD.source) this.#begin(readJson<Source>(payload));
    else this.#transport?.take(kind, payload);
  }

  lost(): void {
    this.#worker.forget(this.number);
    this.#left?.();
    this.#transport?.ended();
  }

  destroy(): void {
    this.#worker.writer.write(RECORD.closeStream, this.number);
  }

  #begin(source: Source): void {
    if (this.admit(source)) this.#transport = this.#connect(this.number, source);
    else this.destroy();
  }
}
