import { type Element, parseElement, xml } from '@thingward/xml';
import { NS } from '../namespaces.ts';
import { PeerError } from '../peer.ts';
import { ItemQueue } from '../stream/item-queue.ts';
import type { Connector, StreamItem, XmlStream } from '../stream/xml-stream.ts';

/** The part of the WebSocket API (browsers, Node 22) that is used; the `ws` package has it too. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

const OPEN = 1;
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1000;

/**
 * Connects over WebSocket.
 * @param url `wss://...`, or `ws://...` where the page itself is on loopback
 * @see RFC 7395
 */
export function webSocketConnector(
  url: string,
  WebSocketClass: WebSocketConstructor | undefined = globalThis.WebSocket as unknown as
    | WebSocketConstructor
    | undefined,
): Connector {
  return (signal) =>
    new Promise((resolve, reject) => {
      if (!WebSocketClass) throw new PeerError('not-connected', 'there is no WebSocket in this environment');
      const socket = new WebSocketClass(url, ['xmpp']);
      const fail = (why: string) => {
        signal.removeEventListener('abort', abort);
        reject(new PeerError('not-connected', `can't connect to ${url}: ${why}`));
      };
      const abort = () => {
        socket.close();
        fail('no connection in time');
      };
      socket.onopen = () => {
        signal.removeEventListener('abort', abort);
        resolve(new WebSocketStream(socket, url));
      };
      socket.onerror = () => fail('the server does not answer');
      socket.onclose = () => fail('the server closed the connection');
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
}

/** A stream over a WebSocket: each message is one element. @see RFC 7395 §3.3 */
class WebSocketStream implements XmlStream {
  readonly startTls = undefined;
  readonly isEncrypted: boolean;
  readonly #socket: WebSocketLike;
  // A WebSocket can't be paused: what the queue holds is bounded by the server's own limits.
  readonly #queue = new ItemQueue(() => {});
  #onClosed: () => void = () => {};

  constructor(socket: WebSocketLike, url: string) {
    this.#socket = socket;
    this.isEncrypted = url.startsWith('wss:');
    socket.onmessage = ({ data }: { data?: unknown }) => this.#receive(data);
    socket.onerror = () => this.#queue.fail(new PeerError('connection-lost', 'the connection broke'));
    socket.onclose = () => {
      this.#queue.fail(new PeerError('connection-lost', 'the connection was closed'));
      this.#onClosed();
    };
  }

  open(to: string, from?: string): void {
    this.#write(xml('open', { xmlns: NS.framing, to, from, version: '1.0' }));
  }

  send(element: Element): void {
    this.#write(element);
  }

  read(): Promise<StreamItem> {
    return this.#queue.read();
  }

  async close(): Promise<void> {
    if (this.#socket.readyState !== OPEN) return;
    this.#write(xml('close', { xmlns: NS.framing }));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      this.#onClosed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#socket.close();
  }

  #receive(data: unknown): void {
    try {
      if (typeof data !== 'string') throw new PeerError('connection-lost', 'the server sent a binary message');
      const element = parseElement(data);
      if (element.is('open', NS.framing)) this.#queue.push({ kind: 'open', header: element });
      else if (element.is('close', NS.framing)) this.#queue.push({ kind: 'close' });
      else this.#queue.push({ kind: 'element', element });
    } catch (error) {
      this.#queue.fail(error as Error);
      this.#socket.close();
    }
  }

  #write(element: Element): void {
    if (this.#socket.readyState !== OPEN) return;
    this.#socket.send(element.toString());
    if (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) this.#socket.close();
  }
}
