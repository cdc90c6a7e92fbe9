import { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { Dnp3Error } from '../error.ts';
import type { LinkFrame } from '../link-frame.ts';
import { receiveLinkFrames } from '../link-frame-reader.ts';

/** How outstations are reached: over TCP, or over a line that somebody else opens. */
export type ChannelWay =
  | { readonly host: string; readonly port: number }
  | {
      /** What it is called in errors, such as `/dev/ttyUSB0`. */
      readonly name: string;
      /** Opens a serial port, or whatever carries the octets; it emits `open` or `connect`. */
      readonly openLine: () => Duplex;
      /** A pause that ends a frame that was cut off; 100 ms when not given, as adapters deliver late. */
      readonly gapMs?: number;
    };

export type Dnp3ChannelOptions = ChannelWay & ChannelSettings;

interface ChannelSettings {
  /** Outstations that are asked at the same time; 1 when not given, as behind a terminal server only one can speak. */
  readonly maxInFlight?: number;
  /** How long a connection may take; 5000 ms when not given. */
  readonly connectTimeoutMs?: number;
  /** Longest pause between attempts to connect; 10,000 ms when not given. */
  readonly maxBackoffMs?: number;
  /** Numbers from 0 to 1 for the jitter of those pauses; Math.random when not given. */
  readonly random?: () => number;
}

export type ChannelState = 'connecting' | 'connected' | 'disconnected' | 'closed';

/** Who takes the frames of an outstation. */
export interface ChannelUser {
  /** Our address and that of the outstation. */
  readonly local: number;
  readonly remote: number;
  receive(frame: LinkFrame): void;
  connected(): void;
  /** @param reason for people */
  disconnected(reason: Dnp3Error): void;
}

const MAX_UNSENT_OCTETS = 1_000_000;

/** What the system's errors mean to people. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the outstation closed the connection',
  EPIPE: 'the outstation closed the connection',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network of the host',
  ETIMEDOUT: 'the host does not answer',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'the name of the host can not be looked up now',
};

const GAP_MS = 100;

/**
 * A connection to one or more outstations, kept up until it is closed. Those who use it take turns, so that an outstation that does not
 * answer costs its own time-outs alone.
 * Emits `state` with the new ChannelState, and `unclaimed` with frames of outstations that nobody is attached for.
 * @see IEEE 1815-2012 §13.2
 */
export class Dnp3Channel extends EventEmitter<{ state: [ChannelState]; unclaimed: [LinkFrame] }> {
  /** Host and port, or the name of the line, for people. */
  readonly name: string;
  readonly #options: Required<ChannelSettings>;
  readonly #openLine: () => Duplex;
  /** Where pauses mean something. */
  readonly #gapMs: number | undefined;
  readonly #users = new Map<string, ChannelUser>();
  readonly #turns: (() => void)[] = [];
  #inFlight = 0;
  #line: Duplex | undefined;
  #state: ChannelState = 'disconnected';
  #problem: string | undefined;
  #attempt = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: Dnp3ChannelOptions) {
    super();
    this.setMaxListeners(0);
    const { maxInFlight = 1, connectTimeoutMs = 5000, maxBackoffMs = 10_000, random = Math.random } = options;
    this.#options = { maxInFlight, connectTimeoutMs, maxBackoffMs, random };
    if ('host' in options) {
      const { host, port } = options;
      this.name = `${host}:${port}`;
      this.#openLine = () => connect({ host, port, noDelay: true, keepAlive: true });
    } else {
      this.name = options.name;
      this.#openLine = options.openLine;
      this.#gapMs = options.gapMs ?? GAP_MS;
    }
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Why it is not connected, for people; undefined while it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** How many are asked at the same time. */
  get maxInFlight(): number {
    return this.#options.maxInFlight;
  }

  /** The addresses of those that are attached. */
  get pairs(): readonly Pick<ChannelUser, 'local' | 'remote'>[] {
    return [...this.#users.values()];
  }

  /** Connects, and reconnects with growing pauses, until `close`. */
  open(): void {
    if (this.#state !== 'disconnected' || this.#retry) return;
    this.#connect();
  }

  /** Opens it where it is not open, and waits for the attempt. Rejects with Dnp3Error `not-connected`, `closed` */
  async connected(): Promise<void> {
    this.open();
    // Each attempt comes to its end by itself.
    if (this.#state === 'connecting') await new Promise((resolve) => this.once('state', resolve));
    if (this.#state !== 'connected') throw this.notConnected();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#setState('closed');
    const reason = new Dnp3Error('closed', 'the connection was closed');
    for (const user of this.#users.values()) user.disconnected(reason);
    this.#line?.destroy();
  }

  /** @returns a function that ends it. @throws Dnp3Error when somebody speaks with these addresses already */
  attach(user: ChannelUser): () => void {
    const key = `${user.local} ${user.remote}`;
    if (this.#users.has(key)) {
      throw new Dnp3Error('limit-exceeded', `${this.name} is used already from ${user.local} to ${user.remote}`);
    }
    this.#users.set(key, user);
    if (this.#state === 'connected') user.connected();
    return () => this.#users.delete(key);
  }

  send(octets: Uint8Array): void {
    // What is given to a socket that is going down is lost: its end is told to all.
    if (this.#state !== 'connected' || !this.#line?.writable) return;
    this.#line.write(octets);
    if (this.#line.writableLength > MAX_UNSENT_OCTETS) {
      this.#line.destroy(new Error('the outstation does not take what it is sent'));
    }
  }

  /** Waits for a turn to ask. @returns a function that ends it */
  async turn(): Promise<() => void> {
    if (this.#inFlight >= this.#options.maxInFlight) await new Promise<void>((resolve) => this.#turns.push(resolve));
    else this.#inFlight++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = this.#turns.shift();
      if (next) next();
      else this.#inFlight--;
    };
  }

  /** The error of who wants to ask now, and can't. */
  notConnected(): Dnp3Error {
    const code = this.#state === 'closed' ? 'closed' : 'not-connected';
    return new Dnp3Error(code, `${this.name}: ${this.#problem ?? 'the connection is not open'}`);
  }

  #connect(): void {
    this.#retry = undefined;
    this.#setState('connecting');
    const { connectTimeoutMs, maxBackoffMs, random } = this.#options;
    const line = this.#openLine();
    this.#line = line;
    const slow = setTimeout(() => line.destroy(new Error('the host does not answer')), connectTimeoutMs);
    let reason = this.#gapMs === undefined ? 'the outstation closed the connection' : 'the line was closed';
    const ready = () => {
      clearTimeout(slow);
      this.#problem = undefined;
      this.#setState('connected');
      for (const user of this.#users.values()) user.connected();
    };
    // A socket connects, a serial port opens.
    line.once('connect', ready).once('open', ready);
    receiveLinkFrames(line, this.#gapMs, (frame) => this.#receive(frame));
    line.on('error', (error: NodeJS.ErrnoException) => {
      reason = (error.code && REASONS[error.code]) || error.message;
      // A port that could not be opened says so, and may not close.
      line.destroy();
    });
    line.once('close', () => {
      clearTimeout(slow);
      this.#line = undefined;
      if (this.#state === 'closed') return;
      this.#problem = reason;
      this.#setState('disconnected');
      for (const user of this.#users.values()) user.disconnected(this.notConnected());
      const pause = Math.min(maxBackoffMs, 250 * 2 ** Math.min(this.#attempt++, 10));
      this.#retry = setTimeout(() => this.#connect(), pause * (0.5 + random() / 2));
    });
  }

  #receive(frame: LinkFrame): void {
    if (frame.control.fromMaster) return;
    // An outstation that takes connections only to drop them is not asked again at once.
    this.#attempt = 0;
    const user = this.#users.get(`${frame.destination} ${frame.source}`);
    if (user) user.receive(frame);
    else this.emit('unclaimed', frame);
  }

  #setState(state: ChannelState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.emit('state', state);
  }
}
