import { encodeUtf8, Frame } from '@thingward/xml';
import { NS } from '@thingward/xmpp';
import { stampText } from '../stanza.ts';
import { RECORD, type RecordWriter } from './record.ts';

/** Addresses whose bytes are kept; when there are more, all are forgotten. */
const MAX_ADDRESSES = 10_000;
const LETTER_I = 0x69;
const CLIENT_BINDING: Readonly<Record<string, string>> = { '': NS.client };

/**
 * Tells of data (see `data-stanza.ts`) that one client sends: two bytes of length (little-endian) and the address it is for,
 * then the stanza with the `from` and the language it has.
 */
export class DataWriter {
  readonly #stamp: Uint8Array;
  /** For stanzas that say no language. */
  readonly #stampWithLanguage: Uint8Array;
  readonly #addresses = new Map<string, Uint8Array>();

  /** @param jid the full JID of the client @param language of its stream */
  constructor(jid: string, language: string | undefined) {
    this.#stamp = encodeUtf8(stampText(jid, undefined));
    this.#stampWithLanguage = encodeUtf8(stampText(jid, language));
  }

  write(link: RecordWriter, connection: number, { head, bytes }: Frame): void {
    const { nameEnd, attributes } = head;
    const address = this.#addressOf(attributes.to as string);
    const stamp = attributes['xml:lang'] === undefined ? this.#stampWithLanguage : this.#stamp;
    link.write(RECORD.data, connection, address, bytes.subarray(0, nameEnd), stamp, bytes.subarray(nameEnd));
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

/** What kind of stanza it is: there is no data in presence. */
export function kindOf(bytes: Buffer, start: number): 'iq' | 'message' {
  return bytes[addressEnd(bytes, start) + 1] === LETTER_I ? 'iq' : 'message';
}

/** The stanza as the router takes it. */
export function dataFrame(bytes: Buffer, start: number, end: number): Frame {
  return Frame.validated(bytes.subarray(addressEnd(bytes, start), end), CLIENT_BINDING, true, true);
}
