import type { Duplex } from 'node:stream';
import {
  type CarriedPacket,
  CONFIRMED_USER_DATA,
  encodePacket,
  type LinkFrame,
  receiveLinkFrames,
  UNCONFIRMED_USER_DATA,
} from '@thingward/dnp3';
import type { Logger } from '@thingward/xmpp';
import { ReadPace } from '../read-pace.ts';
import type { Dnp3Ingress } from './ingress.ts';
import { PacketLink } from './packet-link.ts';

export interface MasterLinksOptions {
  /** Requests of one connection on their way at once; then no more are read from it. */
  readonly maxInFlight: number;
  readonly log: Logger;
}

/** Pairs of a master and an outstation on one connection. */
const MAX_LINKS = 4096;
const MAX_UNSENT_OCTETS = 1_000_000;

/** What masters say on their connections, or serial lines, as if the outstations were there. @see IEEE 1815-2012 §9.3 */
export class MasterLinks {
  readonly #ingress: Dnp3Ingress;
  readonly #options: MasterLinksOptions;
  /** Where a master spoke from last to an outstation. */
  readonly #masters = new Map<string, Duplex>();

  constructor(ingress: Dnp3Ingress, options: MasterLinksOptions) {
    this.#ingress = ingress;
    this.#options = options;
  }

  /** Gives a master what an outstation of it says unasked. @returns whether it is there */
  report(packet: CarriedPacket): boolean {
    const line = this.#masters.get(keyOf(packet.destination, packet.source));
    if (!line?.writable) return false;
    send(line, encodePacket(packet));
    return true;
  }

  /** Takes what arrives on a line, until it is closed. @param gapMs a pause that ends a frame, where pauses mean something */
  accept(line: Duplex, gapMs?: number): void {
    const links = new Map<string, PacketLink>();
    const pace = new ReadPace(line, this.#options.maxInFlight);
    receiveLinkFrames(line, gapMs, (frame) => {
      for (const packet of this.#linkOf(frame, links, line)?.receive(frame) ?? []) {
        pace.began();
        void this.#ingress.carry(packet).then((answer) => {
          if (answer) send(line, encodePacket(answer));
          pace.ended();
        });
      }
    });
    line.on('data', () => pace.check());
    line.once('close', () => {
      for (const key of links.keys()) if (this.#masters.get(key) === line) this.#masters.delete(key);
    });
  }

  /** The data link that a frame belongs to; undefined for what is not answered here. */
  #linkOf(frame: LinkFrame, links: Map<string, PacketLink>, line: Duplex): PacketLink | undefined {
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
        send: (octets) => send(line, octets),
        onDropped: (reason) =>
          this.#options.log.warn({ master: source, outstation: destination, reason }, 'a packet was not carried'),
      });
      links.set(key, link);
    }
    this.#masters.set(key, line);
    return link;
  }
}

function carriesData({ control: { primary, function: code } }: LinkFrame): boolean {
  return primary && (code === UNCONFIRMED_USER_DATA || code === CONFIRMED_USER_DATA);
}

function keyOf(master: number, outstation: number): string {
  return `${master} ${outstation}`;
}

function send(line: Duplex, octets: Uint8Array): void {
  // The master may have gone.
  if (!line.writable) return;
  line.write(octets);
  // Who does not take what it is sent is not sent more.
  if (line.writableLength > MAX_UNSENT_OCTETS) line.destroy();
}
