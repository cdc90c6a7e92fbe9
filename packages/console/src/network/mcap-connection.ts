import { IEEE1451_NAMESPACE, type Sample } from '@thingward/ieee1451';
import {
  type AddressedReading,
  type ChannelAddress,
  decodeEvent,
  decodeInterface,
  decodeReading,
  decodeResources,
  decodeTreeChange,
  encodeDiscover,
  encodeFollow,
  encodeInterfaceRequest,
  encodeRead,
  encodeUnfollow,
  encodeWrite,
  type NcapResource,
  type TransducerAddress,
  type TransducerInterface,
  type TreeChange,
} from '@thingward/ieee1451/mcap';
import type { Element } from '@thingward/xml';
import {
  decodeResultSetPage,
  encodeResultSetRequest,
  type Jid,
  RESULT_SET,
  StanzaError,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { NetworkConnection } from '../model/network/network-connection.ts';

/** A TIM that answers later than this is as good as silent to who watches it. */
const TIMEOUT_MS = 10_000;
const PAGE = 50;
/** More than any network has; a server that pages in a circle must not keep us busy for ever. */
const MAX_PAGES = 400;

/** The MCAP of our server, over XMPP. */
export class McapConnection implements NetworkConnection {
  readonly #peer: XmppPeer;
  readonly #find: () => Promise<Jid>;
  #mcap: Jid | undefined;

  /** @param find finds it, anew after each time we went online. @throws StanzaError `item-not-found` when there is none */
  constructor(peer: XmppPeer, find: () => Promise<Jid>) {
    this.#peer = peer;
    this.#find = find;
  }

  async discover(signal: AbortSignal): Promise<readonly NcapResource[]> {
    const all: NcapResource[] = [];
    let after: string | undefined;
    for (let i = 0; i < MAX_PAGES; i++) {
      const request = encodeDiscover();
      const answer = await this.#ask('get', request.append(encodeResultSetRequest({ max: PAGE, after })), signal);
      const ncaps = decodeResources(answer);
      all.push(...ncaps);
      const set = answer.child('set', RESULT_SET);
      const { last, count } = set ? decodeResultSetPage(set) : {};
      if (ncaps.length === 0 || last === undefined || last === after) break;
      if (count !== undefined && all.length >= count) break;
      after = last;
    }
    return all;
  }

  async follow(signal: AbortSignal): Promise<void> {
    await this.#send(encodeFollow(), signal);
  }

  async unfollow(): Promise<void> {
    await this.#send(encodeUnfollow());
  }

  onChange(handler: (change: TreeChange) => void): Unsubscribe {
    const stops = (['joined', 'left'] as const).map((name) =>
      this.#onMessage(name, (element) => handler(decodeTreeChange(element))),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }

  onEvent(handler: (reading: AddressedReading) => void): Unsubscribe {
    return this.#onMessage('event', (element) => handler(decodeEvent(element)));
  }

  async interfaceOf(address: TransducerAddress, signal: AbortSignal): Promise<TransducerInterface> {
    return decodeInterface(await this.#ask('get', encodeInterfaceRequest(address), signal));
  }

  async read(address: ChannelAddress, signal: AbortSignal): Promise<AddressedReading> {
    return decodeReading(await this.#ask('get', encodeRead(address), signal));
  }

  async write(address: ChannelAddress, samples: readonly Sample[]): Promise<void> {
    await this.#send(encodeWrite({ ...address, samples }));
  }

  async #ask(type: 'get' | 'set', payload: Element, signal: AbortSignal): Promise<Element> {
    this.#mcap = await this.#find();
    const answer = await this.#peer.request(type, this.#mcap, payload, { timeoutMs: TIMEOUT_MS, signal });
    if (!answer) throw new StanzaError('undefined-condition', 'The MCAP answered with nothing.');
    return answer;
  }

  async #send(payload: Element, signal?: AbortSignal): Promise<void> {
    this.#mcap = await this.#find();
    await this.#peer.request('set', this.#mcap, payload, { timeoutMs: TIMEOUT_MS, signal });
  }

  /** Of our MCAP alone: anybody can send a message. */
  #onMessage(name: string, handler: (element: Element) => void): Unsubscribe {
    return this.#peer.onMessage({ name, namespace: IEEE1451_NAMESPACE }, ({ from }, element) => {
      if (this.#mcap?.equals(from)) handler(element);
    });
  }
}
