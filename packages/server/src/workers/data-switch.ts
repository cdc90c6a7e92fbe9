import type { Jid } from '@thingward/xmpp';
import type { StanzaTraffic } from '../figures/stanza-counts.ts';
import type { StanzaKind } from '../stanza.ts';

/** Whoever takes data for a client: the bytes of one stanza, complete with its `from`. */
export interface DataReceiver {
  give(bytes: Buffer, start: number, end: number): void;
}

/** Takes data from one client's connection to another's by its address alone, without looking into it. */
export class DataSwitch {
  readonly #receivers = new Map<string, DataReceiver>();
  readonly #traffic: StanzaTraffic;
  #count = 0;

  constructor(traffic: StanzaTraffic) {
    this.#traffic = traffic;
  }

  /** Stanzas that went this way. */
  get count(): number {
    return this.#count;
  }

  add(jid: Jid, receiver: DataReceiver): void {
    this.#receivers.set(keyOf(jid), receiver);
  }

  remove(jid: Jid, receiver: DataReceiver): void {
    const key = keyOf(jid);
    if (this.#receivers.get(key) === receiver) this.#receivers.delete(key);
  }

  /** @param to the UTF-8 bytes of the address, each as one character. @returns undefined when the router has to see to it */
  receiver(to: string): DataReceiver | undefined {
    return this.#receivers.get(to);
  }

  /** To be called for each stanza that goes this way. */
  passed(kind: StanzaKind): void {
    this.#count++;
    this.#traffic.fromClients.count(kind);
    this.#traffic.toClients.count(kind);
  }
}

function keyOf(jid: Jid): string {
  return Buffer.from(jid.toString()).toString('latin1');
}
