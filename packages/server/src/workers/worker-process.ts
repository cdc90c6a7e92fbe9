import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Logger } from '@thingward/xmpp';
import type { StreamCensus } from '../figures/stream-census.ts';
import { RecordError, RecordReader, RecordWriter } from './record.ts';
import { GivenSetUps } from './set-up-record.ts';
import {
  DATA_CHANNEL,
  type FromWorker,
  type ToWorker,
  type WorkerDoor,
  type WorkerSettings,
} from './worker-messages.ts';

/** Bytes that may wait for a worker; while there are more, nothing is taken from any. What waits for a slow client is its own affair. */
const MAX_BACKLOG = 8 * 1024 * 1024;
/** A worker that has not taken them in that time is stuck. */
const STUCK_MS = 30_000;
const STOP_TIMEOUT_MS = 3000;

/** Of a connection that a worker has. */
export interface RemoteEnd {
  /** A record about it. */
  take(kind: number, bytes: Buffer, start: number, end: number): void;
  /** Its worker is gone. */
  lost(): void;
}

/** Told of what happens to a worker process. */
export interface WorkerEvents {
  /** Much waits for it to be taken. */
  onCongested(): void;
  /** It has taken what waited. */
  onRelieved(): void;
  /** Called once, when it is gone for whatever reason. */
  onExit(): void;
}

/** The main process's side of one worker process. */
export class WorkerProcess {
  readonly writer: RecordWriter;
  readonly setUps: GivenSetUps;
  readonly #child: ChildProcess;
  readonly #channel: Socket;
  #stuckTimer: NodeJS.Timeout | undefined;
  readonly #log: Logger;
  readonly #streams: StreamCensus;
  readonly #connections = new Map<number, RemoteEnd>();
  /** Whether it has begun its work; false when it ended before. */
  readonly started: Promise<boolean>;
  #begun: (started: boolean) => void = () => {};
  readonly #exited: Promise<void>;
  #unsentBytes = 0;

  /** @param program the file it runs */
  constructor(
    program: string,
    settings: WorkerSettings,
    { log, streams }: { readonly log: Logger; readonly streams: StreamCensus },
    events: WorkerEvents,
  ) {
    this.#log = log;
    this.#streams = streams;
    this.#child = fork(program, [], { stdio: ['ignore', 'inherit', 'inherit', 'overlapped', 'ipc'], execArgv: [] });
    const channel = this.#child.stdio[DATA_CHANNEL] as Socket;
    this.writer = new RecordWriter(channel, {
      maxBacklog: MAX_BACKLOG,
      onFull: () => {
        this.#stuckTimer = setTimeout(() => {
          log.error({ pid: this.#child.pid }, 'a worker process is stuck and is ended');
          this.#child.kill('SIGKILL');
        }, STUCK_MS);
        events.onCongested();
      },
      onRoom: () => {
        clearTimeout(this.#stuckTimer);
        events.onRelieved();
      },
    });
    this.#channel = channel;
    this.setUps = new GivenSetUps(this.writer);
    const reader = new RecordReader((kind, number, bytes, start, end) =>
      this.#connections.get(number)?.take(kind, bytes, start, end),
    );
    channel.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        log.error({ pid: this.#child.pid, reason: error.message }, 'a worker process is broken and is ended');
        channel.destroy();
        this.#child.kill('SIGKILL');
      }
    });
    channel.on('error', (error) => log.debug({ reason: error.message }, 'the channel to a worker process broke'));
    this.#child.on('message', (message: FromWorker) => this.#hear(message));
    this.#child.on('error', (error) => log.error({ err: error }, 'a worker process could not be reached'));
    this.started = new Promise((resolve) => {
      this.#begun = resolve;
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        log.debug({ pid: this.#child.pid, code, signal }, 'a worker process has ended');
        for (const connection of [...this.#connections.values()]) connection.lost();
        this.#connections.clear();
        clearTimeout(this.#stuckTimer);
        this.#begun(false);
        resolve();
        events.onExit();
      });
    });
    this.configure(settings);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Bytes that wait in it for clients, as it told last. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Connections it has. */
  get load(): number {
    return this.#connections.size;
  }

  /** Takes nothing from it for now. */
  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  /** For connections to come. */
  configure(settings: WorkerSettings): void {
    this.#tell({ kind: 'configure', settings });
  }

  /** Hands a socket over. It must not have been read from. */
  give(number: number, door: WorkerDoor, socket: Socket, end: RemoteEnd): void {
    this.#connections.set(number, end);
    this.#tell({ kind: 'take', connection: number, door }, socket);
  }

  /** To be called when a connection is gone. */
  forget(number: number): void {
    this.#connections.delete(number);
  }

  /** Ends it when all it has to send was sent. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    this.writer.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #tell(message: ToWorker, socket?: Socket): void {
    if (!this.#child.connected) {
      socket?.destroy();
      return;
    }
    this.#child.send(message, socket, (error) => {
      if (!error) return;
      socket?.destroy();
      if (message.kind === 'take') this.#connections.get(message.connection)?.lost();
    });
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'ready') this.#begun(true);
    else if (message.kind === 'traffic') this.#streams.transferred(message.door, message.received, message.sent);
    else if (message.kind === 'waiting') this.#unsentBytes = message.unsentBytes;
    else this.#log[message.level](message.details, message.message);
  }
}
