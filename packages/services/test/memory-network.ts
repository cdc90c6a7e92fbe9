import { type Element, parseElement } from '@thingward/xml';
import { errorReply, isIqRequest, Jid, StanzaDispatcher, StanzaError } from '@thingward/xmpp';

/** Peers that reach each other without a server, but through bytes, and under the address they really have. */
export class MemoryNetwork {
  readonly #peers = new Map<string, MemoryPeer>();
  /** Every stanza that was sent, as text. */
  readonly sent: string[] = [];
  /** Errors thrown by handlers that are bugs. */
  readonly errors: unknown[] = [];

  /** A peer with this address; one with the same address is replaced. */
  peer(jid: string): MemoryPeer {
    const peer = new MemoryPeer(this, Jid.parse(jid));
    this.#peers.set(jid, peer);
    return peer;
  }

  /** A peer that was disconnected is there again. */
  connect(peer: MemoryPeer): void {
    this.#peers.set(peer.jid.toString(), peer);
    peer.reconnected();
  }

  disconnect(peer: MemoryPeer): void {
    this.#peers.delete(peer.jid.toString());
  }

  route(stanza: Element): void {
    const text = stanza.toString();
    this.sent.push(text);
    const to = this.#peers.get(stanza.attribute('to') ?? '');
    setImmediate(() => {
      if (to) to.receive(parseElement(text));
      else if (isIqRequest(stanza)) this.route(errorReply(stanza, new StanzaError('service-unavailable')));
    });
  }
}

export class MemoryPeer extends StanzaDispatcher {
  readonly jid: Jid;
  readonly #network: MemoryNetwork;

  constructor(network: MemoryNetwork, jid: Jid) {
    super((error) => network.errors.push(error));
    this.#network = network;
    this.jid = jid;
    this.becameOnline();
  }

  protected transmit(stanza: Element): void {
    // A server vouches for the sender: nobody speaks under another address.
    this.#network.route(stanza.with({ from: this.jid.toString() }));
  }

  receive(stanza: Element): void {
    this.dispatch(stanza);
  }

  reconnected(): void {
    this.becameOnline();
  }

  disconnect(): void {
    this.#network.disconnect(this);
  }
}
