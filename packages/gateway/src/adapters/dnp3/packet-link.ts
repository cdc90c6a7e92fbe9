import {
  BROADCAST_ADDRESSES,
  type CarriedPacket,
  CONFIRMED_USER_DATA,
  carriedPacket,
  Dnp3Error,
  encodePacket,
  type LinkConfirmation,
  type LinkFrame,
  LinkFrameReader,
  LinkLayer,
  type Packet,
  PacketAssembler,
  UNCONFIRMED_USER_DATA,
} from '@thingward/dnp3';

export interface PacketLinkOptions {
  readonly local: number;
  readonly remote: number;
  /** Is a master on this side? */
  readonly isMaster: boolean;
  send(octets: Uint8Array): void;
  /** The other side's data link has to confirm each frame; none when not given. */
  readonly confirm?: LinkConfirmation | undefined;
  /** Told of octets that make no fragment, which are not carried. */
  onDropped(reason: string): void;
}

/**
 * A data link between an adapter and what is beside it. The adapter is an end of the data link: what only concerns the link is answered
 * here, and what is carried are the packets of unconfirmed user data, octet for octet, with all fragments that came confirmed among them.
 */
export class PacketLink {
  readonly #options: PacketLinkOptions;
  readonly #link: LinkLayer;
  readonly #assembler = new PacketAssembler();

  constructor(options: PacketLinkOptions) {
    this.#options = options;
    const { local, remote, isMaster, confirm, send } = options;
    this.#link = new LinkLayer({ local, remote, isMaster, confirm, send });
  }

  /** Takes a frame from there. @returns the packets that are whole now */
  receive(frame: LinkFrame): readonly CarriedPacket[] {
    const { control } = frame;
    // Nobody answers to what is for all.
    const isNew = BROADCAST_ADDRESSES.has(frame.destination)
      ? control.primary && control.function === UNCONFIRMED_USER_DATA
      : this.#link.receive(frame) !== undefined;
    if (!isNew) return [];
    const isConfirmed = control.function === CONFIRMED_USER_DATA;
    const carried = isConfirmed ? { ...frame, control: unconfirmed(frame) } : frame;
    return this.#assembler.push(carried).flatMap((packet) => this.#checked(packet));
  }

  /** Sends a packet as it is. Where frames are to be confirmed, rejects with Dnp3Error `no-answer` when they are not, `closed` */
  async send(packet: Packet): Promise<void> {
    const octets = encodePacket(packet);
    if (!this.#options.confirm) {
      this.#options.send(octets);
      return;
    }
    await this.#link.sendSegments(new LinkFrameReader().push(octets).map(({ userData }) => userData));
  }

  close(reason: Error): void {
    this.#link.close(reason);
  }

  #checked(packet: Packet): readonly CarriedPacket[] {
    try {
      return [carriedPacket(packet, !this.#options.isMaster)];
    } catch (error) {
      if (!(error instanceof Dnp3Error)) throw error;
      this.#options.onDropped(error.message);
      return [];
    }
  }
}

function unconfirmed({ control: { fromMaster } }: LinkFrame): LinkFrame['control'] {
  return { fromMaster, primary: true, frameCount: false, countValidOrBusy: false, function: UNCONFIRMED_USER_DATA };
}
