import { EventEmitter } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Ieee1451Error } from '../error.ts';
import { MAX_UNSENT_OCTETS, SENT, type SendOptions, type TimLink, type TimLinkEvents } from './link.ts';
import { encodeLinkFrame, type LinkFrame, LinkFrameReader } from './link-frame.ts';

export interface TcpLinkOptions {
  readonly host: string;
  readonly port: number;
  /** How long the connection is waited for; 5000 when not given. */
  readonly timeoutMs?: number | undefined;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal | undefined;
}

/** A TCP connection between an NCAP and a TIM; who connected does not matter. */
export class TcpTimLink extends EventEmitter<TimLinkEvents> implements TimLink {
  readonly name: string;
  readonly isLossy = false;
  readonly #socket: Socket;
  #reason: string | undefined = 'the connection was lost';

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    this.name = `tcp ${hostPort(socket.remoteAddress ?? '', socket.remotePort ?? 0)}`;
    const reader = new LinkFrameReader();
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) this.emit('frame', frame);
        // Who asks faster than it takes the answers waits.
        if (socket.writableNeedDrain) socket.pause();
      } catch (error) {
        if (!(error instanceof Ieee1451Error)) throw error;
        // No messages of ours: there is no way back into step with it.
        this.close(`what came is no frame: ${error.message}`);
      }
    });
    socket.on('drain', () => socket.resume());
    socket.on('error', (error) => {
      this.#reason = `the connection was lost: ${error.message}`;
      socket.destroy();
    });
    socket.on('close', () => this.emit('close', this.#reason));
  }

  /** @throws Ieee1451Error `not-connected` */
  static async connect({ host, port, timeoutMs = 5000, signal }: TcpLinkOptions): Promise<TcpTimLink> {
    const limit = AbortSignal.timeout(timeoutMs);
    const end = signal ? AbortSignal.any([signal, limit]) : limit;
    const socket = connect({ host, port });
    try {
      await new Promise<void>((resolve, reject) => {
        const ended = () => reject(new Error(limit.aborted ? `no answer in ${timeoutMs} ms` : 'it was ended'));
        if (end.aborted) ended();
        end.addEventListener('abort', ended, { once: true });
        socket.once('error', reject);
        socket.once('connect', () => {
          end.removeEventListener('abort', ended);
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      socket.on('error', () => undefined);
      socket.destroy();
      const reason = (cause as Error).message;
      throw new Ieee1451Error('not-connected', `no connection to ${hostPort(host, port)}: ${reason}`, { cause });
    }
    return new TcpTimLink(socket);
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  send(frame: LinkFrame, { onSent }: SendOptions = {}): () => boolean {
    if (this.#socket.destroyed) return SENT;
    this.#socket.write(encodeLinkFrame(frame));
    // Who does not take what it is told is not told more.
    if (this.#socket.writableLength > MAX_UNSENT_OCTETS) this.close('what is sent is not taken');
    onSent?.();
    return SENT;
  }

  close(reason?: string): void {
    if (this.#socket.destroyed) return;
    this.#reason = reason;
    this.#socket.destroy();
  }
}

/** A TCP port that the other sides connect to: `link` for each. */
export class TcpLinkListener extends EventEmitter<{ link: [TcpTimLink] }> {
  readonly #server: Server;
  readonly #links = new Set<TcpTimLink>();

  /** @param maxConnections at the same time; further ones are closed at once */
  constructor(maxConnections: number) {
    super();
    this.#server = createServer((socket) => {
      const link = new TcpTimLink(socket);
      this.#links.add(link);
      link.once('close', () => this.#links.delete(link));
      this.emit('link', link);
    });
    this.#server.maxConnections = maxConnections;
    // A connection that could not be accepted, as when the process has no more file descriptors, ends none that are there.
    this.#server.on('error', () => undefined);
  }

  /** @returns the port, chosen by the system when 0 was given. Rejects with the system's error when it can't listen */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const link of this.#links) link.close();
    await closed;
  }
}

function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
