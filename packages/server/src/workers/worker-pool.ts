import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Logger } from '@thingward/xmpp';
import type { StanzaTraffic } from '../figures/stanza-counts.ts';
import type { StreamCensus } from '../figures/stream-census.ts';
import type { Connections } from '../listeners/connections.ts';
import type { Source } from '../listeners/proxy-protocol/proxy-header.ts';
import { ProxyProtocol } from '../listeners/proxy-protocol/proxy-protocol.ts';
import type { StreamConnection } from '../listeners/tcp-transport.ts';
import { DataSwitch } from './data-switch.ts';
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
  readonly streams: StreamCensus;
  readonly traffic: StanzaTraffic;
  readonly log: Logger;
}

/** The worker processes can't do their work. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly code = 'workers';
}

/** How many worker processes a setting means: with 'auto' one for each processor, as the main process has little to do; none where there is but one. */
export function workerCount(setting: number | 'auto'): number {
  if (setting !== 'auto') return setting;
  const processors = availableParallelism();
  return processors > 1 ? processors : 0;
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
  /** Workers for which much waits. */
  readonly #congested = new Set<number>();
  readonly #switch: DataSwitch;
  readonly #proxies: Readonly<Record<WorkerDoor, ProxyProtocol>>;
  #settings: WorkerSettings;
  #lastNumber = 0;
  #stopping = false;

  private constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#switch = new DataSwitch(options.traffic);
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

  get pids(): readonly number[] {
    return this.#workers.flatMap((worker) => worker?.pid ?? []);
  }

  /** Stanzas that went from one client to another past the router. */
  get switchedCount(): number {
    return this.#switch.count;
  }

  /** Bytes that wait in the workers for clients that read slowly. */
  get unsentBytes(): number {
    return this.#workers.reduce((sum, worker) => sum + (worker?.unsentBytes ?? 0), 0);
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
    const dataSwitch = this.#switch;
    return (socket) => {
      const { remoteAddress: address = '', remotePort: port = 0 } = socket;
      const worker = this.#leastLoaded();
      if (!worker) {
        this.#options.streams.refused('workers');
        this.#options.log.warn({ remote: address }, 'no worker process is ready: a connection was closed');
        socket.destroy();
        return;
      }
      const entrance = { connections: this.#options.connections, door };
      const end = new RemoteConnectionEnd(this.#nextNumber(), worker, entrance, (number, source) => {
        const remote = `${source.address}:${source.port}`;
        const { setUps } = worker;
        return new RemoteTransport(number, worker.writer, { remote, canStartTls, dataSwitch, setUps }, connect);
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
    const { program, log, streams } = this.#options;
    const startedAt = Date.now();
    const onExit = () => {
      this.#workers[slot] = undefined;
      this.#relieved(slot);
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
    };
    this.#workers[slot] = new WorkerProcess(
      program,
      this.#settings,
      { log, streams },
      {
        onCongested: () => this.#congestedBy(slot),
        onRelieved: () => this.#relieved(slot),
        onExit,
      },
    );
    if (this.#congested.size > 0) this.#workers[slot]?.pause();
  }

  /** Takes nothing from any worker until one has taken what waits for it: so it is their clients that wait, and no queue grows. */
  #congestedBy(slot: number): void {
    this.#congested.add(slot);
    for (const worker of this.#workers) worker?.pause();
  }

  #relieved(slot: number): void {
    if (!this.#congested.delete(slot) || this.#congested.size > 0) return;
    for (const worker of this.#workers) worker?.resume();
  }
}

/** Where a connection has come in. */
interface Entrance {
  readonly connections: Connections;
  readonly door: WorkerDoor;
}

/** One connection a worker has, from being handed over to its end. */
class RemoteConnectionEnd {
  readonly number: number;
  readonly #worker: WorkerProcess;
  readonly #entrance: Entrance;
  readonly #connect: (number: number, source: Source) => RemoteTransport;
  #left: (() => void) | undefined;
  #transport: RemoteTransport | undefined;

  constructor(
    number: number,
    worker: WorkerProcess,
    entrance: Entrance,
    connect: (number: number, source: Source) => RemoteTransport,
  ) {
    this.number = number;
    this.#worker = worker;
    this.#entrance = entrance;
    this.#connect = connect;
  }

  /** Counts it. @returns whether it may stay */
  admit({ address }: Source): boolean {
    const { connections, door } = this.#entrance;
    this.#left ??= connections.enter(this, door, address);
    return this.#left !== undefined;
  }

  take(kind: number, bytes: Buffer, start: number, end: number): void {
    if (kind === RECORD.ended) this.lost();
    else if (kind === RECORD.source) this.#begin(readJson<Source>(bytes.subarray(start, end)));
    else this.#transport?.take(kind, bytes, start, end);
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
