import { encodeUtf8, escapeAttribute, Frame } from '@thingward/xml';
import { NS } from '@thingward/xmpp';
import { RECORD, type RecordWriter } from './record.ts';

/** Addresses whose bytes are kept; when there are more, all are forgotten. */
const MAX_ADDRESSES = 10_000;
const CLIENT_BINDING: Readonly<Record<string, string>> = { '': NS.client };

/**
 * Tells of data (see `data-stanza.ts`) that one client sends: two bytes of length (little-endian) and the address it is for,
 * then the stanza with the `from` it has.
 */
export class DataWriter {
  readonly #from: Uint8Array;
  readonly #addresses = new Map<string, Uint8Array>();

  /** @param jid the full JID of the client */
  constructor(jid: string) {
    this.#from = encodeUtf8(` from='${escapeAttribute(jid)}'`);
  }

  write(link: RecordWriter, connection: number, { head, bytes }: Frame): void {
    const { nameEnd, attributes } = head;
    const address = this.#addressOf(attributes.to as string);
    link.write(RECORD.data, connection, address, bytes.subarray(0, nameEnd), this.#from, bytes.subarray(nameEnd));
  }

  #addressOf(to: string): Uint8Array {
    let bytes = this.#addresses.get(to);
    if (bytes === undefined) {
      if (this.#addresses.size >= MAX_ADDRESSES) this.#addresses.clear();
      const address = encodeUtf8(to);
      bytes = Uint8Array.of(address.length & 0xff, address.length >> 8, ...address);
      this.#addresses.set(to, bytes);
    }
    return bytes;
  }
}

/** Where the address ends, and the stanza begins. */
export function addressEnd(bytes: Buffer, start: number): number {
  return start + 2 + bytes.readUInt16LE(start);
}

/** The address, each of its bytes as one character. */
export function addressOf(bytes: Buffer, start: number): string {
  return bytes.toString('latin1', start + 2, addressEnd(bytes, start));
}

/** The stanza as the router takes it. */
export function dataFrame(bytes: Buffer, start: number, end: number): Frame {
  return Frame.validated(bytes.subarray(addressEnd(bytes, start), end), CLIENT_BINDING, true, true);
}
