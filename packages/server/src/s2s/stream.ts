import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { StreamReader } from '@thingward/xml';
import { asStreamError, type Logger, type StreamError } from '@thingward/xmpp';
import { ByteBudget } from '../listeners/byte-budget.ts';
import { Outbox } from '../listeners/outbox.ts';
import { type LoopTurns, TurnShare } from '../loop-turns.ts';
import type { Stanza } from '../stanza.ts';
import type { S2sAction, S2sEvent, S2sMachine } from './events.ts';
import type { Secured } from './s2s-tls.ts';
import { elementText, STREAM_END, streamHeader } from './stream-text.ts';

/** What the stream leaves to its owner. */
export type OwnerAction = Exclude<S2sAction, { kind: 'open' | 'send' | 'startTls' | 'restart' }>;

/** Whoever has opened or taken a stream. */
export interface StreamOwner {
  /** What the machine wants beside bytes on the wire. A promise delays what comes next on the stream. */
  act(action: OwnerAction): void | Promise<void>;
  /** There is room again for stanzas. */
  drained(): void;
  /** It carries nothing to the other side any more. Called once. */
  ended(): void;
}

export interface StreamLimits {
  /** Of one element until a pair of domains is authorised. */
  readonly maxUnauthenticatedBytes: number;
  readonly maxStanzaBytes: number;
  /** Bytes that may wait for the other side to read. */
  readonly maxUnsentBytes: number;
  /** Taken from the other side; more waits in its own queue. */
  readonly maxBytesPerSecond: number;
}

export interface StreamOptions {
  readonly socket: Socket;
  readonly machine: S2sMachine;
  readonly owner: StreamOwner;
  readonly limits: StreamLimits;
  readonly log: Logger;
  readonly turns: LoopTurns;
  /** Goes over to TLS. */
  readonly startTls: (plain: Socket) => Promise<Secured>;
}

const CLOSE_TIMEOUT_MS = 2000;
/** Without any progress for so long, what waits goes elsewhere. */
const STALL_TIMEOUT_MS = 60_000;
/** Bytes that are not held back any longer: one TLS record. */
const MUCH = 16_384;

/** A TCP connection between servers: runs a state machine on it, one event at a time, and carries stanzas. */
export class S2sStream {
  readonly remote: string;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #options: StreamOptions;
  readonly #outbox = new Outbox();
  readonly #share: TurnShare;
  #socket: Socket;
  #reader: StreamReader;
  #unlisten: () => void = () => {};
  #opened = false;
  /** Has the end of our side been sent? */
  #finished = false;
  #closed = false;
  #toldOfEnd = false;
  /** The connection is gone; what came before is still handled. */
  #gone = false;
  #busy = false;
  #throttled = false;
  readonly #budget: ByteBudget;
  #stallTimer: NodeJS.Timeout | undefined;
  #lastActivity = Date.now();

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#share = new TurnShare(options.turns);
    this.#socket = options.socket;
    this.remote = `${options.socket.remoteAddress}:${options.socket.remotePort}`;
    this.closed = new Promise((resolve) => options.socket.once('close', () => resolve()));
    this.#budget = new ByteBudget(options.limits.maxBytesPerSecond);
    this.#reader = this.#newReader();
    options.socket.setNoDelay(true);
    options.socket.setKeepAlive(true, 60_000);
    this.#listen(options.socket);
  }

  get isEncrypted(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  /** Can stanzas be sent at once? Else they wait for `drained` or `ended`. */
  get hasRoom(): boolean {
    return this.#isWritable && this.#unsent < this.#options.limits.maxUnsentBytes;
  }

  /** When a byte was last sent or taken, in milliseconds since 1970. */
  get lastActivity(): number {
    return this.#lastActivity;
  }

  send(stanza: Stanza): void {
    if (!this.#prepare()) return;
    stanza.appendTo(this.#outbox);
    this.#check();
  }

  /** Something happened that did not come over the stream. */
  input(event: S2sEvent): void {
    if (!this.#closed) this.#run(this.#options.machine.handle(event));
  }

  /** From now on elements of full size are taken. */
  authorized(): void {
    this.#reader.maxElementBytes = this.#options.limits.maxStanzaBytes;
  }

  /** Ends this side of the stream; what the other side still sends is taken until it ends its own. @see RFC 6120 §4.4 */
  finish(): void {
    if (this.#closed || this.#finished) return;
    this.#write(STREAM_END);
    this.#finished = true;
    this.#flush();
    this.#tellOfEnd();
    this.#destroyLater();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
    this.#tellOfEnd();
  }

  get #isWritable(): boolean {
    return !this.#finished && !this.#socket.destroyed && !this.#socket.writableEnded;
  }

  get #unsent(): number {
    return this.#socket.writableLength + this.#outbox.length;
  }

  #newReader(): StreamReader {
    return new StreamReader({ maxElementBytes: this.#options.limits.maxUnauthenticatedBytes });
  }

  #listen(socket: Socket): void {
    const data = (chunk: Buffer) => this.#data(chunk);
    const error = ({ message }: Error) =>
      this.#options.log.debug({ remote: this.remote, reason: message }, 'a connection between servers broke');
    const gone = () => this.#lost();
    const drain = () => this.#drained();
    socket.on('data', data).on('error', error).on('close', gone).on('end', gone).on('drain', drain);
    // Its own listeners alone: whoever counts connections listens too.
    this.#unlisten = () =>
      socket.off('data', data).off('error', error).off('close', gone).off('end', gone).off('drain', drain);
  }

  #lost(): void {
    this.#gone = true;
    this.#tellOfEnd();
    if (!this.#busy) this.destroy();
  }

  #data(chunk: Buffer): void {
    if (this.#closed) return;
    this.#lastActivity = Date.now();
    this.#reader.push(chunk);
    this.#throttle(chunk.length);
    if (this.#busy || this.#throttled) this.#socket.pause();
    if (!this.#busy) this.#pump();
  }

  /** More than it may send waits in its own queue. */
  #throttle(bytes: number): void {
    const pauseMs = this.#budget.spend(bytes);
    if (pauseMs === 0 || this.#throttled) return;
    this.#throttled = true;
    setTimeout(() => {
      this.#throttled = false;
      this.#resume();
    }, pauseMs).unref();
  }

  #resume(): void {
    if (!this.#closed && !this.#busy && !this.#throttled && this.#socket.isPaused()) this.#socket.resume();
  }

  #pump(): void {
    this.#share.begin();
    while (!this.#busy && !this.#closed) {
      if (!this.#share.take()) {
        this.#await(nextTurn());
        return;
      }
      let work: void | Promise<void>;
      try {
        const event = this.#reader.next();
        if (!event) {
          if (this.#gone) this.destroy();
          return;
        }
        work = this.#run(this.#options.machine.handle(event));
      } catch (error) {
        this.#fail(error);
        return;
      }
      if (work) this.#await(work);
    }
  }

  #await(work: Promise<void>): void {
    this.#busy = true;
    void (async () => {
      try {
        await work;
      } catch (error) {
        this.#fail(error);
      }
      if (this.#options.turns.isLong) await nextTurn();
      this.#busy = false;
      this.#resume();
      this.#pump();
    })();
  }

  #fail(error: unknown): void {
    const streamError = asStreamError(error);
    if (streamError.condition === 'internal-server-error') {
      this.#options.log.error({ err: error, remote: this.remote }, 'a stream between servers failed');
    }
    this.input({ kind: 'end', error: streamError });
  }

  #run(actions: readonly S2sAction[]): void | Promise<void> {
    for (let i = 0; i < actions.length; i++) {
      const work = this.#perform(actions[i] as S2sAction);
      if (work) return work.then(() => this.#run(actions.slice(i + 1)));
    }
  }

  #perform(action: S2sAction): void | Promise<void> {
    switch (action.kind) {
      case 'open':
        this.#opened = true;
        this.#write(streamHeader(action.header));
        return;
      case 'send':
        this.#write(elementText(action.element));
        return;
      case 'restart':
        this.#opened = false;
        this.#reader.restart();
        return;
      case 'startTls':
        return this.#startTls();
      case 'close':
        // The owner knows why before it hears of the end.
        void this.#options.owner.act(action);
        this.#close(action.error);
        return;
      default:
        return this.#options.owner.act(action);
    }
  }

  async #startTls(): Promise<void> {
    const plain = this.#socket;
    this.#unlisten();
    plain.on('error', () => undefined);
    // What was sent before TLS must not count as sent inside it.
    if (this.#reader.pendingBytes > 0) {
      this.destroy();
      return;
    }
    this.#flush();
    try {
      const { socket, certificate } = await this.#options.startTls(plain);
      if (this.#closed) {
        socket.destroy();
        return;
      }
      this.#socket = socket;
      this.#reader = this.#newReader();
      this.#opened = false;
      this.#listen(socket);
      this.input({ kind: 'secured', certificate });
    } catch (error) {
      const reason = (error as Error).message;
      this.#options.log.debug({ remote: this.remote, reason }, 'no TLS between servers');
      this.destroy();
    }
  }

  #close(error: StreamError | undefined): void {
    if (this.#closed) return;
    if (!this.#finished) {
      if (error) this.#write(elementText(error.toElement()));
      if (this.#opened) this.#write(STREAM_END);
      this.#flush();
    }
    this.#finished = true;
    this.#closed = true;
    this.#socket.end();
    this.#socket.resume();
    this.#destroyLater();
    this.#tellOfEnd();
  }

  #destroyLater(): void {
    const socket = this.#socket;
    const timer = setTimeout(() => this.destroy(), CLOSE_TIMEOUT_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  #tellOfEnd(): void {
    clearTimeout(this.#stallTimer);
    if (this.#toldOfEnd) return;
    this.#toldOfEnd = true;
    this.#options.owner.ended();
  }

  #write(text: string): void {
    if (!this.#prepare()) return;
    this.#outbox.appendText(text);
    this.#check();
  }

  /** What is sent within one turn of the event loop leaves in one write. @returns whether anything can be sent */
  #prepare(): boolean {
    if (!this.#isWritable) return false;
    if (this.#outbox.length === 0) setImmediate(this.#flush);
    return true;
  }

  #check(): void {
    if (this.#outbox.length >= MUCH) this.#flush();
    const { maxUnsentBytes } = this.#options.limits;
    if (this.#unsent < maxUnsentBytes) return;
    // Stanzas wait elsewhere from here on; what else it has us say is its own doing.
    if (this.#unsent > 2 * maxUnsentBytes) {
      this.#options.log.warn({ remote: this.remote }, 'a server reads too slowly and is disconnected');
      this.destroy();
      return;
    }
    this.#stallTimer ??= this.#watch(this.#taken);
  }

  /** Bytes the network has taken. */
  get #taken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  #watch(before: number): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#taken > before) {
        this.#stallTimer = this.#watch(this.#taken);
        return;
      }
      this.#options.log.warn({ remote: this.remote }, 'a server does not read and is disconnected');
      this.destroy();
    }, STALL_TIMEOUT_MS);
  }

  #drained(): void {
    clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
    if (!this.#closed) this.#options.owner.drained();
  }

  readonly #flush = (): void => {
    if (this.#outbox.length === 0 || this.#socket.destroyed) return;
    this.#lastActivity = Date.now();
    this.#socket.write(this.#outbox.take());
  };
}
