import type { Socket } from 'node:net';
import {
  type CarriedPacket,
  CONFIRMED_USER_DATA,
  encodePacket,
  type LinkFrame,
  LinkFrameReader,
  UNCONFIRMED_USER_DATA,
} from '@thingward/dnp3';
import type { Logger } from '@thingward/xmpp';
import { ReadPace } from '../read-pace.ts';
import { TcpDoor, type TcpDoorOptions } from '../tcp-door.ts';
import type { Dnp3Ingress } from './ingress.ts';
import { PacketLink } from './packet-link.ts';

export interface Dnp3TcpIngressOptions extends TcpDoorOptions {
  /** Requests of one connection on their way at once; then no more are read from it. */
  readonly maxInFlight: number;
  readonly log: Logger;
}

/** Pairs of a master and an outstation on one connection. */
const MAX_LINKS = 4096;
const MAX_UNSENT_OCTETS = 1_000_000;

/** Where masters connect over TCP, as if the outstations were there. @see IEEE 1815-2012 §13.2 */
export class Dnp3TcpIngress {
  readonly #ingress: Dnp3Ingress;
  readonly #options: Dnp3TcpIngressOptions;
  readonly #door: TcpDoor;
  /** Where a master spoke from last to an outstation. */
  readonly #masters = new Map<string, Socket>();

  constructor(ingress: Dnp3Ingress, options: Dnp3TcpIngressOptions) {
    this.#ingress = ingress;
    this.#options = options;
    this.#door = new TcpDoor(options, (socket) => this.#accept(socket));
  }

  /** @returns the port it listens on. Rejects with the system's error */
  listen(): Promise<number> {
    return this.#door.listen();
  }

  close(): Promise<void> {
    return this.#door.close();
  }

  /** Gives a master what an outstation of it says unasked. @returns whether it is there */
  report(packet: CarriedPacket): boolean {
    const socket = this.#masters.get(keyOf(packet.destination, packet.source));
    if (!socket?.writable) return false;
    send(socket, encodePacket(packet));
    return true;
  }

  #accept(socket: Socket): void {
    const links = new Map<string, PacketLink>();
    const reader = new LinkFrameReader();
    const pace = new ReadPace(socket, this.#options.maxInFlight);
    socket.on('data', (chunk) => {
      for (const frame of reader.push(chunk)) {
        for (const packet of this.#linkOf(frame, links, socket)?.receive(frame) ?? []) {
          pace.began();
          void this.#ingress.carry(packet).then((answer) => {
            if (answer) send(socket, encodePacket(answer));
            pace.ended();
          });
        }
      }
      pace.check();
    });
    socket.on('close', () => {
      for (const key of links.keys()) if (this.#masters.get(key) === socket) this.#masters.delete(key);
    });
  }

  /** The data link that a frame belongs to; undefined for what is not answered here. */
  #linkOf(frame: LinkFrame, links: Map<string, PacketLink>, socket: Socket): PacketLink | undefined {
    const { control, destination, source } = frame;
    if (!control.fromMaster || !this.#ingress.hasRoute(destination)) return undefined;
    // A link that seems to be there, with nobody at its other end, would be taken for an outstation that is well.
    if (!carriesData(frame) && !this.#ingress.isReachable(destination)) return undefined;
    const key = keyOf(source, destination);
    let link = links.get(key);
    if (!link) {
      if (links.size >= MAX_LINKS) return undefined;
      link = new PacketLink({
        local: destination,
        remote: source,
        isMaster: false,
        send: (octets) => send(socket, octets),
        onDropped: (reason) =>
          this.#options.log.warn({ master: source, outstation: destination, reason }, 'a packet was not carried'),
      });
      links.set(key, link);
    }
    this.#masters.set(key, socket);
    return link;
  }
}

function carriesData({ control: { primary, function: code } }: LinkFrame): boolean {
  return primary && (code === UNCONFIRMED_USER_DATA || code === CONFIRMED_USER_DATA);
}

function keyOf(master: number, outstation: number): string {
  return `${master} ${outstation}`;
}

function send(socket: Socket, octets: Uint8Array): void {
  // The master may have gone.
  if (!socket.writable) return;
  socket.write(octets);
  // Who does not take what it is sent is not sent more.
  if (socket.writableLength > MAX_UNSENT_OCTETS) socket.destroy();
}
