import { BlockList, isIPv6, type Server, type Socket } from 'node:net';
import type { Logger } from '@thingward/xmpp';
import { endpoints } from '../endpoints.ts';
import { type ProxyHeader, parseProxyHeader, type Source } from './proxy-header.ts';

/** How long a header may take to arrive. */
const HEADER_TIMEOUT_MS = 5000;
/** Connections whose header has not arrived. */
const MAX_WAITING = 2000;

/** A network of addresses: `192.0.2.0/24`, `2001:db8::/32`. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
}

/**
 * Proxies that are trusted to say where connections really come from. From them the header is required; from elsewhere it counts as
 * what the client sends.
 */
export class ProxyProtocol {
  readonly #log: Logger;
  #trusted = new BlockList();
  #hasTrust = false;
  readonly #sources = new Map<string, Source>();
  #waiting = 0;

  constructor(trusted: readonly Network[], log: Logger) {
    this.#log = log;
    this.trust(trusted);
  }

  /** Trusts these from now on, and no others. */
  trust(networks: readonly Network[]): void {
    this.#trusted = new BlockList();
    this.#hasTrust = networks.length > 0;
    for (const { address, prefix } of networks) {
      this.#trusted.addSubnet(address, prefix, isIPv6(address) ? 'ipv6' : 'ipv4');
    }
  }

  /** Lets a server see connections when their header was taken off only. To be called when it has all its listeners. */
  guard(server: Server): void {
    const listeners = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      const accept = () => {
        for (const listener of listeners) listener.call(server, socket);
      };
      if (this.isTrusted(socket.remoteAddress)) this.#await(socket, accept);
      else accept();
    });
  }

  /** Where a connection comes from. To be asked while it is open. */
  sourceOf(socket: Socket): Source {
    const { remoteAddress = '', remotePort = 0 } = socket;
    const noted = this.#sources.size > 0 ? this.#sources.get(endpoints(socket)) : undefined;
    return noted ?? { address: remoteAddress, port: remotePort };
  }

  /** Is it a proxy? Then where its connections come from is in their header. */
  isTrusted(address: string | undefined): boolean {
    if (address === undefined || !this.#hasTrust) return false;
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    return this.#trusted.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  }

  #await(socket: Socket, accept: () => void): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#log.warn({ proxy: socket.remoteAddress }, 'too many connections of a proxy say nothing: one was closed');
      socket.destroy();
      return;
    }
    this.#waiting++;
    let bytes = Buffer.alloc(0);
    const settle = () => {
      this.#waiting--;
      clearTimeout(timer);
      socket.off('readable', read).off('close', settle).off('error', ignore);
    };
    const refuse = (reason: string) => {
      this.#log.warn({ proxy: socket.remoteAddress, reason }, 'a connection of a proxy was closed');
      socket.destroy();
    };
    const read = () => {
      for (let chunk: Buffer | null = socket.read(); chunk; chunk = socket.read())
        bytes = Buffer.concat([bytes, chunk]);
      let header: ProxyHeader | undefined;
      try {
        header = parseProxyHeader(bytes);
      } catch (error) {
        refuse((error as Error).message);
        return;
      }
      if (!header) return;
      settle();
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      if (header.source) this.#note(socket, header.source);
      accept();
    };
    const ignore = () => undefined;
    const timer = setTimeout(() => refuse('there was no header in time'), HEADER_TIMEOUT_MS);
    socket.on('readable', read).on('close', settle).on('error', ignore);
  }

  #note(socket: Socket, source: Source): void {
    const key = endpoints(socket);
    this.#sources.set(key, source);
    socket.once('close', () => this.#sources.delete(key));
  }
}
