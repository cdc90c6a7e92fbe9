import type { Socket } from 'node:net';
import { RECORD, RecordReader, RecordWriter } from './record.ts';
import { KeptSetUps } from './set-up-record.ts';

/** Bytes that may wait for the main process; while there are more, nothing is read from clients. */
const MAX_BACKLOG = 4 * 1024 * 1024;

/** A connection as the channel sees it. */
export interface LinkedConnection {
  /** Does what the main process says. */
  obey(kind: number, payload: Uint8Array): void;
  /** The channel has room again. */
  goOn(): void;
}

interface Held {
  readonly socket: Socket | undefined;
  /** Undefined while it is not known where the connection comes from, and during its TLS handshake. */
  connection?: LinkedConnection;
}

/** A worker's side of the channel to the main process. */
export class WorkerLink {
  readonly writer: RecordWriter;
  readonly setUps = new KeptSetUps();
  readonly #held = new Map<number, Held>();
  #idle: () => void = () => {};

  constructor(channel: Socket) {
    this.writer = new RecordWriter(channel, { maxBacklog: MAX_BACKLOG, onRoom: () => this.#goOn() });
    const reader = new RecordReader((kind, number, bytes, start, end) =>
      this.#obey(kind, number, bytes.subarray(start, end)),
    );
    channel.on('data', (chunk: Buffer) => reader.push(chunk));
  }

  /** A connection is there of which nothing is known yet. */
  expect(number: number, socket: Socket | undefined): void {
    this.#held.set(number, { socket });
  }

  /** It is known who speaks on it. */
  connect(number: number, connection: LinkedConnection): void {
    const held = this.#held.get(number);
    if (held) held.connection = connection;
  }

  /** To be called when a connection is gone. */
  ended(number: number): void {
    if (!this.#held.delete(number)) return;
    this.writer.write(RECORD.ended, number);
    if (this.#held.size === 0) this.#idle();
  }

  /** Waits until there are no connections. */
  idle(): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  #obey(kind: number, number: number, payload: Uint8Array): void {
    if (this.setUps.take(kind, number, payload)) return;
    const held = this.#held.get(number);
    if (held?.connection) held.connection.obey(kind, payload);
    else if (kind === RECORD.closeStream) held?.socket?.destroy();
  }

  #goOn(): void {
    for (const { connection } of [...this.#held.values()]) connection?.goOn();
  }
}
