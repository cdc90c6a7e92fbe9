import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { FindingError, socketError } from './finding-error.ts';
import { withoutZone } from './network-links.ts';
import { neighboursOf } from './on-link.ts';
import { decodeSsdp, SSDP_GROUP, SSDP_GROUPS_IPV6, SSDP_PORT, type SsdpMessage } from './ssdp-message.ts';

export interface SsdpLinkOptions {
  /** IPv4 address of the network interface; or an IPv6 address, with the name of the interface behind a percent sign. */
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

/** SSDP on one network interface, over IPv4 or IPv6. @see UPnP Device Architecture 2.0 §1, Annex A */
export class SsdpLink {
  /** Those who listen to it; the first is that of who is told something. */
  readonly groups: readonly string[];
  readonly #socket: Socket;
  readonly #port: number;
  readonly #zone: string | undefined;
  readonly #isNeighbour: (source: string) => boolean;

  private constructor(socket: Socket, { address, port = SSDP_PORT }: SsdpLinkOptions) {
    const [plain = '', zone] = address.split('%');
    this.groups = groupsOf(address);
    this.#socket = socket;
    this.#port = port;
    this.#zone = zone;
    const isNeighbour = neighboursOf(plain);
    // What came by another interface is not for this one.
    this.#isNeighbour = (source) =>
      isNeighbour(source) && (zone === undefined || (source.split('%')[1] ?? zone) === zone);
  }

  /** @throws FindingError `not-permitted`, `unavailable` */
  static open(options: SsdpLinkOptions): Promise<SsdpLink> {
    const { address, port = SSDP_PORT, isListening } = options;
    return new Promise((resolve, reject) => {
      const socket = isIPv6(withoutZone(address))
        ? createSocket({ type: 'udp6', reuseAddr: isListening, ipv6Only: true })
        : createSocket({ type: 'udp4', reuseAddr: isListening });
      const fail = (error: Error) => {
        socket.close();
        reject(socketError(`SSDP on ${address}`, error));
      };
      socket.once('error', fail);
      socket.bind(isListening ? { port } : { address }, () => {
        socket.off('error', fail);
        try {
          const by = interfaceOf(address);
          socket.setMulticastInterface(by);
          socket.setMulticastTTL(TTL);
          if (isListening) for (const group of groupsOf(address)) socket.addMembership(group, by);
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

  /** @param to one; or all of a group, the first of the link's when not given @throws FindingError */
  send(message: Buffer, to: SsdpSource | string = this.groups[0] as string): Promise<void> {
    const group = (name: string) => ({
      address: this.#zone === undefined ? name : `${name}%${this.#zone}`,
      port: this.#port,
    });
    const { address, port } = typeof to === 'string' ? group(to) : to;
    return new Promise((resolve, reject) => {
      this.#socket.send(message, port, address, (error) => (error ? reject(socketError('SSDP', error)) : resolve()));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

function groupsOf(address: string): readonly string[] {
  return isIPv6(withoutZone(address)) ? SSDP_GROUPS_IPV6 : [SSDP_GROUP];
}

/** How sockets name the interface that has an address. */
function interfaceOf(address: string): string {
  const [plain = '', zone] = address.split('%');
  if (!isIPv6(plain)) return address;
  return zone === undefined ? plain : `::%${zone}`;
}
