import type { Socket } from 'node:net';
import { Outbox } from '../listeners/outbox.ts';
import type { Stanza } from '../stanza.ts';

/**
 * What the main process and its workers tell each other. A record is four bytes of payload length, one of kind, four of the
 * connection's number (all little-endian), and the payload.
 */
export const RECORD = {
  // From a worker.
  /** Where a connection comes from (JSON); the first of each. */
  source: 1,
  /** A stream header (JSON). */
  open: 2,
  /** A top-level element (see `frame-record.ts`). */
  frame: 3,
  /** The client has closed its stream. */
  close: 4,
  /** What the client sent is no XML of a stream (JSON). */
  error: 5,
  /** The connection is gone. */
  ended: 6,
  /** Data that may go past the router (see `data-record.ts`). */
  data: 7,
  /** A stanza could not be coded for the client, and was not sent: its bytes. */
  refused: 8,
  // To a worker.
  /** Send the answering stream header (JSON). */
  openStream: 20,
  /** Send these bytes. */
  bytes: 21,
  /** Go over to TLS. */
  startTls: 22,
  /** Expect a new stream header. */
  restart: 23,
  /** Full-sized elements are taken from now on. */
  authenticated: 24,
  /** The element was handled: go on with the next one. */
  next: 25,
  /** Go on, and do not wait after each element any more. */
  free: 26,
  /** Take nothing from this connection for now. */
  pause: 27,
  resume: 28,
  /** End the stream and the connection. */
  closeStream: 29,
  /** Tell data from other elements, and stamp it with this address; with none: don't any more. */
  dataFrom: 30,
  /** What EXI streams may be coded by, under the number in the place of a connection's (see `set-up-record.ts`). */
  setUp: 31,
  /** No connection will be told of that number again. */
  forgetSetUp: 32,
  /** From now on all is coded in EXI, by the set-up of this number (JSON). */
  compress: 33,
} as const;

export type RecordKind = (typeof RECORD)[keyof typeof RECORD];

const HEADER_LENGTH = 9;
/** Of the payload of a record. What a client may send, and what it is sent at once, is far less. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** Records that are not held back any longer. */
const MUCH = 65_536;

export interface RecordWriterOptions {
  /** Bytes that may wait for the other process before it counts as full. */
  readonly maxBacklog: number;
  readonly onFull?: () => void;
  /** It was full, and the other process has taken what waited. */
  readonly onRoom?: () => void;
}

/** Writes records. Those of one turn of the event loop leave in one write. */
export class RecordWriter {
  readonly #socket: Socket;
  readonly #options: RecordWriterOptions;
  readonly #outbox = new Outbox();
  readonly #header = Buffer.alloc(HEADER_LENGTH);
  #isFull = false;

  constructor(socket: Socket, options: RecordWriterOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('drain', () => {
      if (!this.#isFull) return;
      this.#isFull = false;
      options.onRoom?.();
    });
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Writes a record whose payload is part of a buffer. */
  writePart(kind: RecordKind, connection: number, bytes: Uint8Array, start: number, end: number): void {
    this.#begin(kind, connection, end - start);
    this.#outbox.append(bytes, start, end);
    this.#check();
  }

  write(kind: RecordKind, connection: number, ...payload: readonly Uint8Array[]): void {
    let length = 0;
    for (const part of payload) length += part.length;
    this.#begin(kind, connection, length);
    for (const part of payload) this.#outbox.append(part, 0, part.length);
    this.#check();
  }

  writeText(kind: RecordKind, connection: number, text: string): void {
    this.write(kind, connection, Buffer.from(text));
  }

  writeJson(kind: RecordKind, connection: number, value: unknown): void {
    this.writeText(kind, connection, JSON.stringify(value));
  }

  writeStanza(kind: RecordKind, connection: number, stanza: Stanza): void {
    this.#begin(kind, connection, stanza.size);
    stanza.appendTo(this.#outbox);
    this.#check();
  }

  /** Writes nothing more after what was written. */
  end(): void {
    this.#flush();
    this.#socket.end();
  }

  #begin(kind: RecordKind, connection: number, length: number): void {
    if (this.#outbox.length === 0) setImmediate(this.#flush);
    this.#header.writeUInt32LE(length, 0);
    this.#header[4] = kind;
    this.#header.writeUInt32LE(connection, 5);
    this.#outbox.append(this.#header, 0, HEADER_LENGTH);
  }

  #check(): void {
    if (this.#outbox.length < MUCH) return;
    this.#flush();
    if (this.#isFull || this.#socket.writableLength <= this.#options.maxBacklog) return;
    this.#isFull = true;
    this.#options.onFull?.();
  }

  readonly #flush = (): void => {
    if (this.#outbox.length > 0 && !this.#socket.destroyed) this.#socket.write(this.#outbox.take());
  };
}

/** Takes one record. Its payload is in `bytes` from `start` up to `end`, and stays valid for good. */
export type RecordHandler = (kind: number, connection: number, bytes: Buffer, start: number, end: number) => void;

/** Bytes that are no records, or none that the other side would write: the process there is broken. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly code = 'record';
}

/** Reads records from the pieces they arrive in. */
export class RecordReader {
  readonly #handle: RecordHandler;
  #rest: Buffer | undefined;

  constructor(handle: RecordHandler) {
    this.#handle = handle;
  }

  /** Bytes of a record that is not complete. */
  get pendingBytes(): number {
    return this.#rest?.length ?? 0;
  }

  /** @throws RecordError */
  push(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    while (bytes.length - at >= HEADER_LENGTH) {
      const length = bytes.readUInt32LE(at);
      if (length > MAX_RECORD_BYTES) throw new RecordError(`a record of ${length} bytes`);
      const end = at + HEADER_LENGTH + length;
      if (end > bytes.length) break;
      this.#handle(bytes[at + 4] as number, bytes.readUInt32LE(at + 5), bytes, at + HEADER_LENGTH, end);
      at = end;
    }
    if (at < bytes.length) this.#rest = at === 0 ? bytes : bytes.subarray(at);
  }
}

/** @throws RecordError */
export function readJson<T>(payload: Uint8Array): T {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()) as T;
  } catch (error) {
    throw new RecordError(`a record whose JSON can't be read: ${(error as Error).message}`);
  }
}
