import { type Element, parseElement } from '@thingward/xml';
import { errorReply, isIqRequest, Jid, PeerError, StanzaDispatcher, StanzaError } from '@thingward/xmpp';

/** An XMPP network in memory: stanzas go through their text, in order, a moment later, with the `from` of their sender. */
export class MemoryNetwork {
  readonly #peers = new Map<string, MemoryPeer>();
  /** All stanzas that were sent, in order. */
  readonly traffic: Element[] = [];
  /** Errors that handlers threw and that are no StanzaError. */
  readonly errors: unknown[] = [];

  /** A peer that is online. */
  join(jid: string): MemoryPeer {
    const peer = this.add(jid);
    peer.connect();
    return peer;
  }

  /** A peer that is not online yet. */
  add(jid: string): MemoryPeer {
    const peer = new MemoryPeer(Jid.parse(jid), this);
    this.#peers.set(jid, peer);
    return peer;
  }

  /** To the exact address, or to some resource of a bare one. */
  deliver(sender: MemoryPeer, stanza: Element): void {
    const stamped = stanza.attribute('from') === undefined ? stanza.with({ from: sender.jid.toString() }) : stanza;
    this.traffic.push(stamped);
    const text = stamped.toString();
    queueMicrotask(() => {
      const to = stamped.attribute('to') ?? '';
      const receiver =
        this.#peers.get(to) ??
        [...this.#peers.values()].find((peer) => peer.jid.bare.toString() === to && peer.isOnline);
      if (receiver?.isOnline) receiver.arrive(parseElement(text));
      else if (isIqRequest(stamped)) sender.arrive(errorReply(stamped, new StanzaError('service-unavailable')));
    });
  }

  /** The stanzas sent so far, without the questions of what the others speak, and their answers. */
  get conversation(): Element[] {
    const asked = new Set(this.sent('query').map((stanza) => stanza.attribute('id')));
    return this.traffic.filter((stanza) => !asked.has(stanza.attribute('id') ?? ''));
  }

  /** The stanzas sent so far that have such a payload. */
  sent(payload: string): Element[] {
    return this.traffic.filter((stanza) => stanza.elements.some((element) => element.name === payload));
  }

  /** Presence of this type that was sent, as `from to`. */
  presences(type: string): string[] {
    return this.traffic
      .filter((stanza) => stanza.name === 'presence' && stanza.attribute('type') === type)
      .map((stanza) => `${stanza.attribute('from')} ${stanza.attribute('to')}`);
  }
}

export class MemoryPeer extends StanzaDispatcher {
  readonly jid: Jid;
  readonly #network: MemoryNetwork;
  isOnline = false;

  constructor(jid: Jid, network: MemoryNetwork) {
    super((error) => network.errors.push(error));
    this.jid = jid;
    this.#network = network;
  }

  connect(): void {
    this.isOnline = true;
    this.becameOnline();
  }

  disconnect(): void {
    this.isOnline = false;
    this.becameOffline(new PeerError('connection-lost', 'the network went away'));
  }

  arrive(stanza: Element): void {
    this.dispatch(stanza);
  }

  protected override transmit(stanza: Element): void {
    if (!this.isOnline) throw new PeerError('not-connected', 'not connected');
    this.#network.deliver(this, stanza);
  }
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean, timeoutMs = 2000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
