import type { Jid } from '@thingward/xmpp';

/** Whoever takes data for a client: the bytes of one stanza, complete with its `from`. */
export interface DataReceiver {
  give(bytes: Buffer, start: number, end: number): void;
}

/** Takes data from one client's connection to another's by its address alone, without looking into it. */
export class DataSwitch {
  readonly #receivers = new Map<string, DataReceiver>();
  #count = 0;

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
    const receiver = this.#receivers.get(to);
    if (receiver) this.#count++;
    return receiver;
  }
}

function keyOf(jid: Jid): string {
  return Buffer.from(jid.toString()).toString('latin1');
}
