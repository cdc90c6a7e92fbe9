import { createSocket, type Socket } from 'node:dgram';
import { FindingError, socketError } from './finding-error.ts';
import { neighboursOf } from './on-link.ts';
import { decodeSsdp, SSDP_GROUP, SSDP_PORT, type SsdpMessage } from './ssdp-message.ts';

export interface SsdpLinkOptions {
  /** IPv4 address of the network interface. */
  readonly address: string;
  /** 1900 but in tests. */
  readonly port?: number | undefined;
  /** Hears what everybody is told; otherwise only answers to what is sent from here. */
  readonly isListening: boolean;
}

export interface SsdpSource {
  readonly address: string;
  readonly port: number;
}

/** Messages go so many routers far. @see UPnP Device Architecture 2.0 §1.2.2 */
const TTL = 2;

/** SSDP on one network interface. @see UPnP Device Architecture 2.0 §1 */
export class SsdpLink {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #isNeighbour: (source: string) => boolean;

  private constructor(socket: Socket, { address, port = SSDP_PORT }: SsdpLinkOptions) {
    this.#socket = socket;
    this.#port = port;
    this.#isNeighbour = neighboursOf(address);
  }

  /** @throws FindingError `not-permitted`, `unavailable` */
  static open(options: SsdpLinkOptions): Promise<SsdpLink> {
    const { address, port = SSDP_PORT, isListening } = options;
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: 'udp4', reuseAddr: isListening });
      const fail = (error: Error) => {
        socket.close();
        reject(socketError(`SSDP on ${address}`, error));
      };
      socket.once('error', fail);
      socket.bind(isListening ? { port } : { address }, () => {
        socket.off('error', fail);
        try {
          socket.setMulticastInterface(address);
          socket.setMulticastTTL(TTL);
          if (isListening) socket.addMembership(SSDP_GROUP, address);
        } catch (error) {
          fail(error as Error);
          return;
        }
        // Later: a neighbour that is gone has its port closed.
        socket.on('error', () => undefined);
        resolve(new SsdpLink(socket, options));
      });
    });
  }

  /** @param take is given every message of a neighbour that can be read; others can't be told from noise */
  listen(take: (message: SsdpMessage, source: SsdpSource) => void): void {
    this.#socket.on('message', (bytes, source) => {
      if (!this.#isNeighbour(source.address)) return;
      try {
        take(decodeSsdp(bytes), source);
      } catch (error) {
        if (!(error instanceof FindingError)) throw error;
      }
    });
  }

  /** @param to one; undefined: everybody @throws FindingError */
  send(message: Buffer, to?: SsdpSource): Promise<void> {
    const { address, port } = to ?? { address: SSDP_GROUP, port: this.#port };
    return new Promise((resolve, reject) => {
      this.#socket.send(message, port, address, (error) => (error ? reject(socketError('SSDP', error)) : resolve()));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
