import type { Duplex } from 'node:stream';
import { type Element, encodeUtf8, Frame, type StreamEvent, XmlError, xml } from '@thingward/xml';
import { NS, StreamError } from '@thingward/xmpp';
import type { WebSocket } from 'ws';
import { ClientConnection, type ClientTransport, type ConnectionContext } from '../client-connection.ts';
import type { Stanza } from '../stanza.ts';
import { MessageProgress } from './message-progress.ts';

const CLOSE_TIMEOUT_MS = 2000;

/** A client's WebSocket: each message is one element. @see RFC 7395 */
export class WebSocketTransport implements ClientTransport {
  readonly remote: string;
  readonly isEncrypted: boolean;
  readonly canStartTls = false;
  readonly #context: ConnectionContext;
  readonly #connection: ClientConnection;
  readonly #socket: WebSocket;
  /** Messages not yet handled. While one is being handled the socket is paused, so these are what one read brought. */
  readonly #messages: Uint8Array[] = [];
  readonly #progress = new MessageProgress();
  /** Runs while part of a message waits for the rest. */
  #partTimer: NodeJS.Timeout | undefined;
  #messageCount = 0;
  #maxBytes: number;
  #closing = false;

  constructor(
    context: ConnectionContext,
    socket: WebSocket,
    options: {
      readonly remote: string;
      readonly isEncrypted: boolean;
      readonly requireTls: boolean;
      /** The connection it runs on, to see what of a message has come. */
      readonly carrier: Duplex;
    },
  ) {
    this.#context = context;
    this.#socket = socket;
    this.remote = options.remote;
    this.isEncrypted = options.isEncrypted;
    this.#maxBytes = context.limits.maxUnauthenticatedBytes;
    this.#connection = new ClientConnection(context, this, options.requireTls);
    socket.on('message', (data: Buffer, isBinary) => {
      if (this.#closing) return;
      this.#messageCount++;
      this.#messages.push(isBinary ? new Uint8Array(0) : data);
      if (this.#connection.isBusy) socket.pause();
      else this.#connection.pump();
    });
    socket.on('error', (error) =>
      context.log.debug({ remote: this.remote, reason: error.message }, 'connection broke'),
    );
    socket.on('close', () => {
      clearTimeout(this.#partTimer);
      this.#connection.ended();
    });
    options.carrier.on('data', (bytes: Uint8Array) => {
      this.#progress.take(bytes);
      if (this.#progress.isPartial && this.#partTimer === undefined) this.#watchPart();
    });
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  openStream({ id, from, to }: { id: string; from: string; to?: string | undefined }): void {
    this.send(xml('open', { xmlns: NS.framing, id, from, to, version: '1.0', 'xml:lang': 'en' }));
  }

  send(element: Element): void {
    this.#write(element.toString());
  }

  sendStanza(stanza: Stanza): void {
    this.#write(stanza.messageBytes);
  }

  restart(): void {}

  authenticated(): void {
    this.#maxBytes = this.#context.limits.maxStanzaBytes;
  }

  async startTls(): Promise<void> {
    throw new Error('a WebSocket is encrypted from its start or not at all');
  }

  closeStream(error?: StreamError): void {
    if (this.#closing) return;
    this.#closing = true;
    if (error) this.send(error.toElement());
    this.send(xml('close', { xmlns: NS.framing }));
    const socket = this.#socket;
    socket.close(1000);
    const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    socket.once('close', () => clearTimeout(timer));
    this.#connection.ended();
  }

  nextEvent(): StreamEvent | undefined {
    const bytes = this.#messages.shift();
    if (!bytes) return undefined;
    if (bytes.length > this.#maxBytes) {
      throw new XmlError('too-large', `an element is longer than ${this.#maxBytes} bytes`, this.#maxBytes);
    }
    const frame = Frame.parse(bytes);
    if (frame.head.namespace !== NS.framing) return { kind: 'frame', frame };
    if (frame.head.name === 'close') return { kind: 'close' };
    return { kind: 'open', header: frame.element, bindings: {} };
  }

  resume(): void {
    // While it closes too: the other side's close frame must be read.
    if (this.#socket.isPaused) this.#socket.resume();
  }

  /** Part of a message waits for the rest. When none was completed after so long, there is no rest to be expected. */
  #watchPart(): void {
    const before = this.#messageCount;
    this.#partTimer = setTimeout(() => {
      this.#partTimer = undefined;
      if (!this.#progress.isPartial || this.#closing) return;
      if (this.#messageCount !== before || this.#socket.isPaused) this.#watchPart();
      else this.closeStream(new StreamError('connection-timeout', 'the rest of a message did not come in time'));
    }, this.#context.limits.elementTimeoutMs).unref();
  }

  #write(data: string | Uint8Array): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    socket.send(typeof data === 'string' ? encodeUtf8(data) : data, { binary: false });
    if (socket.bufferedAmount > this.#context.limits.maxUnsentBytes) {
      this.#context.log.warn({ remote: this.remote }, 'a client reads too slowly and is disconnected');
      socket.terminate();
    }
  }
}
