import { IEEE1451_NAMESPACE } from '@thingward/ieee1451';
import { type Element, xml } from '@thingward/xml';
import { type Jid, PeerError, StanzaError, type StanzaErrorCondition, type XmppPeer } from '@thingward/xmpp';
import type { McapLimits } from './limits.ts';
import type { StoredNcap } from './resource-store.ts';

/** Errors that an NCAP gives and that mean that nothing was done. */
const REFUSALS: ReadonlySet<StanzaErrorCondition> = new Set([
  'bad-request',
  'conflict',
  'feature-not-implemented',
  'forbidden',
  'item-not-found',
  'not-acceptable',
  'not-allowed',
  'policy-violation',
  'resource-constraint',
]);

/** Asks NCAPs on behalf of others. A write is sent once: when its answer is lost, nobody knows what happened, and that is said. */
export class NcapRequests {
  readonly #peer: XmppPeer;
  readonly #limits: McapLimits;
  readonly #waiting = new Map<string, number>();

  constructor(peer: XmppPeer, limits: McapLimits) {
    this.#peer = peer;
    this.#limits = limits;
  }

  /** @throws StanzaError the NCAP's, or `remote-server-timeout`, `recipient-unavailable`, `resource-constraint` */
  async ask(requester: Jid, ncap: StoredNcap, payload: Element, signal?: AbortSignal): Promise<Element> {
    const answer = await this.#request('get', requester, ncap, payload, signal);
    if (answer instanceof StanzaError) throw REFUSALS.has(answer.condition) ? answer : noAnswer(answer.message);
    if (!answer) throw noAnswer('the answer of the NCAP is empty');
    return answer;
  }

  /** @throws StanzaError as `ask`; with `<outcome-unknown/>` when nobody knows what happened */
  async write(requester: Jid, ncap: StoredNcap, payload: Element): Promise<void> {
    const answer = await this.#request('set', requester, ncap, payload, undefined);
    if (!(answer instanceof StanzaError)) return;
    throw REFUSALS.has(answer.condition) ? answer : outcomeUnknown();
  }

  async #request(
    type: 'get' | 'set',
    requester: Jid,
    { ncap, address }: StoredNcap,
    payload: Element,
    signal: AbortSignal | undefined,
  ): Promise<Element | StanzaError | undefined> {
    if (!ncap.isPresent) throw new StanzaError('recipient-unavailable', `the NCAP ${ncap.name} is not there`);
    const key = requester.bare.toString();
    const waiting = this.#waiting.get(key) ?? 0;
    if (waiting >= this.#limits.waitingPerJid) {
      throw new StanzaError('resource-constraint', `${waiting} of your requests wait for answers of NCAPs`);
    }
    this.#waiting.set(key, waiting + 1);
    try {
      return await this.#peer.request(type, address, payload, { timeoutMs: this.#limits.answerMs, signal });
    } catch (error) {
      if (error instanceof StanzaError) {
        // Only what belongs to this exchange is passed on.
        return new StanzaError(error.condition, error.text, { type: error.type });
      }
      if (error instanceof PeerError && error.code === 'not-connected') {
        throw new StanzaError('remote-server-timeout', 'the MCAP has no connection to the NCAP now');
      }
      if (error instanceof PeerError) return new StanzaError('remote-server-timeout', error.message);
      throw error;
    } finally {
      const left = (this.#waiting.get(key) ?? 1) - 1;
      if (left > 0) this.#waiting.set(key, left);
      else this.#waiting.delete(key);
    }
  }
}

/** @param why for people */
export function noAnswer(why: string): StanzaError {
  return new StanzaError('remote-server-timeout', `the NCAP gave no answer: ${why}`);
}

/** Not of the type `wait`: whoever tried again might do it twice. */
export function outcomeUnknown(): StanzaError {
  return new StanzaError(
    'remote-server-timeout',
    'the answer of the NCAP was lost: the channel may have been set or not',
    { type: 'cancel', application: xml('outcome-unknown', { xmlns: IEEE1451_NAMESPACE }) },
  );
}
