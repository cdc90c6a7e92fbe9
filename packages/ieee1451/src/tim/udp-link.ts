import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { isIPv6 } from 'node:net';
import { Ieee1451Error } from '../error.ts';
import { SENT, type SendOptions, type TimLink, type TimLinkEvents } from './link.ts';
import { decodeLinkFrame, encodeLinkFrame, type LinkFrame } from './link-frame.ts';

/** What a datagram of IPv4 can carry. TIMs that keep their segments small never come near it. */
const MAX_DATAGRAM_OCTETS = 65_507;

/** One frame in each datagram, to and from one address. */
class UdpTimLink extends EventEmitter<TimLinkEvents> implements TimLink {
  readonly name: string;
  readonly isLossy = true;
  /** Is this its first frame still? A hello that comes twice at the beginning is the same one. */
  isNew = true;
  readonly #transmit: (octets: Uint8Array) => void;
  #isOpen = true;

  constructor(name: string, transmit: (octets: Uint8Array) => void) {
    super();
    this.name = name;
    this.#transmit = transmit;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(frame: LinkFrame, { onSent }: SendOptions = {}): () => boolean {
    const octets = encodeLinkFrame(frame);
    if (octets.length > MAX_DATAGRAM_OCTETS) {
      throw new Ieee1451Error('limit-exceeded', `${octets.length} octets do not fit into a datagram`);
    }
    if (this.#isOpen) this.#transmit(octets);
    onSent?.();
    return SENT;
  }

  close(reason?: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.emit('close', reason);
  }
}

/**
 * A UDP port with a link to each address that says hello (`link`), as TIMs do to an NCAP, and NCAPs to a TIM. Datagrams of others, and those that
 * are no frame, are dropped.
 */
export class UdpLinkPort extends EventEmitter<{ link: [TimLink] }> {
  readonly #maxLinks: number;
  readonly #links = new Map<string, UdpTimLink>();
  #socket: Socket | undefined;

  constructor(maxLinks: number) {
    super();
    this.#maxLinks = maxLinks;
  }

  /** @returns the port, chosen by the system when 0 was given. Rejects with the system's error when it can't listen */
  async listen(port: number, host: string): Promise<number> {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.on('message', (octets, from) => this.#received(octets, from));
    socket.bind(port, host);
    await once(socket, 'listening');
    socket.setBroadcast(true);
    // Such as an answer that nobody listens: others are spoken to all the same.
    socket.on('error', () => undefined);
    this.#socket = socket;
    return socket.address().port;
  }

  /** Sends a frame without a link, as the hello with which a TIM looks for NCAPs: to one, to a group or to all in the network. */
  announce(frame: LinkFrame, host: string, port: number): void {
    this.#socket?.send(encodeLinkFrame(frame), port, host, () => undefined);
  }

  async close(): Promise<void> {
    for (const link of [...this.#links.values()]) link.close();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  }

  #open(host: string, port: number): UdpTimLink {
    const key = `${host} ${port}`;
    const link = new UdpTimLink(`udp ${host.includes(':') ? `[${host}]` : host}:${port}`, (octets) =>
      this.#socket?.send(octets, port, host, () => undefined),
    );
    this.#links.set(key, link);
    link.once('close', () => {
      if (this.#links.get(key) === link) this.#links.delete(key);
    });
    return link;
  }

  #received(octets: Uint8Array, { address, port }: RemoteInfo): void {
    let frame: LinkFrame;
    try {
      frame = decodeLinkFrame(new Uint8Array(octets));
    } catch (error) {
      if (error instanceof Ieee1451Error) return;
      throw error;
    }
    let link = this.#links.get(`${address} ${port}`);
    const isGreeting = frame.kind === 'hello' && frame.sequence === 0 && frame.message.length > 0;
    // Somebody who introduces itself in the middle of a conversation has lost it, as in a restart.
    if (link && isGreeting && !link.isNew) {
      link.close('the other side began anew');
      link = undefined;
    }
    if (!link) {
      if (frame.kind !== 'hello' || this.#links.size >= this.#maxLinks) return;
      link = this.#open(address, port);
      this.emit('link', link);
    } else if (!isGreeting) link.isNew = false;
    link.emit('frame', frame);
  }
}
