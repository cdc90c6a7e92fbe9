import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Logger } from '@thingward/xmpp';
import { RecordError, RecordReader, RecordWriter } from './record.ts';
import {
  DATA_CHANNEL,
  type FromWorker,
  type ToWorker,
  type WorkerDoor,
  type WorkerSettings,
} from './worker-messages.ts';

/** Bytes that may wait for a worker. One that leaves so many is stuck: what waits for a slow client is its own affair. */
const MAX_BACKLOG = 256 * 1024 * 1024;
const STOP_TIMEOUT_MS = 3000;

/** Of a connection that a worker has. */
export interface RemoteEnd {
  /** A record about it. */
  take(kind: number, payload: Uint8Array): void;
  /** Its worker is gone. */
  lost(): void;
}

/** The main process's side of one worker process. */
export class WorkerProcess {
  readonly writer: RecordWriter;
  readonly #child: ChildProcess;
  readonly #log: Logger;
  readonly #connections = new Map<number, RemoteEnd>();
  /** Whether it has begun its work; false when it ended before. */
  readonly started: Promise<boolean>;
  #begun: (started: boolean) => void = () => {};
  readonly #exited: Promise<void>;

  /**
   * @param program the file it runs
   * @param onExit called once, when it is gone for whatever reason
   */
  constructor(program: string, settings: WorkerSettings, log: Logger, onExit: () => void) {
    this.#log = log;
    this.#child = fork(program, [], { stdio: ['ignore', 'inherit', 'inherit', 'overlapped', 'ipc'], execArgv: [] });
    const channel = this.#child.stdio[DATA_CHANNEL] as Socket;
    this.writer = new RecordWriter(channel, {
      maxBacklog: MAX_BACKLOG,
      onFull: () => {
        log.error({ pid: this.#child.pid }, 'a worker process is stuck and is ended');
        this.#child.kill('SIGKILL');
      },
    });
    const reader = new RecordReader((kind, number, payload) => this.#connections.get(number)?.take(kind, payload));
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
        this.#begun(false);
        resolve();
        onExit();
      });
    });
    this.configure(settings);
  }

  /** Connections it has. */
  get load(): number {
    return this.#connections.size;
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
    else this.#log[message.level](message.details, message.message);
  }
}
