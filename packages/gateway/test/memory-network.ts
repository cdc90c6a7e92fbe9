import { type Element, parseElement } from '@thingward/xml';
import {
  type ClientState,
  errorReply,
  isIqRequest,
  Jid,
  PeerError,
  StanzaDispatcher,
  StanzaError,
} from '@thingward/xmpp';

/** An XMPP network in memory: stanzas go through their text, a moment later, with the `from` of their sender. */
export class MemoryNetwork {
  readonly #peers: MemoryPeer[] = [];
  readonly traffic: Element[] = [];
  readonly errors: unknown[] = [];

  /** A peer that is not online yet. */
  add(jid: string): MemoryPeer {
    const peer = new MemoryPeer(Jid.parse(jid), this);
    this.#peers.push(peer);
    return peer;
  }

  /** A peer that is online. */
  join(jid: string): MemoryPeer {
    const peer = this.add(jid);
    peer.connect();
    return peer;
  }

  /** To the exact address, or to some resource of a bare one. */
  deliver(sender: MemoryPeer, stanza: Element): void {
    const stamped = stanza.with({ from: sender.jid.toString() });
    this.traffic.push(stamped);
    const text = stamped.toString();
    queueMicrotask(() => {
      const to = Jid.tryParse(stamped.attribute('to'));
      const receiver = this.#peers.find(({ jid, state }) => {
        return to !== undefined && state === 'online' && (to.isFull ? jid.equals(to) : jid.bare.equals(to));
      });
      if (receiver) receiver.arrive(parseElement(text));
      else if (isIqRequest(stamped)) sender.arrive(errorReply(stamped, new StanzaError('service-unavailable')));
    });
  }
}

/** Somebody on the network in memory; also a connection that can be started, cut and stopped. */
export class MemoryPeer extends StanzaDispatcher {
  readonly jid: Jid;
  readonly #network: MemoryNetwork;
  #state: ClientState = 'offline';

  constructor(jid: Jid, network: MemoryNetwork) {
    super((error) => network.errors.push(error));
    this.jid = jid;
    this.#network = network;
  }

  get state(): ClientState {
    return this.#state;
  }

  connect(): void {
    this.#state = 'online';
    this.becameOnline();
  }

  disconnect(): void {
    this.#state = 'offline';
    this.becameOffline(new PeerError('connection-lost', 'the network went away'));
  }

  start(): void {
    this.connect();
  }

  async stop(): Promise<void> {
    this.disconnect();
    this.#state = 'stopped';
  }

  async ready(): Promise<void> {}

  arrive(stanza: Element): void {
    if (this.#state === 'online') this.dispatch(stanza);
  }

  protected override transmit(stanza: Element): void {
    if (this.#state !== 'online') throw new PeerError('not-connected', 'not connected');
    this.#network.deliver(this, stanza);
  }
}
