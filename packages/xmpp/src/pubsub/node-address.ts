import { type Element, xml } from '@thingward/xml';
import type { Jid } from '../jid.ts';
import type { RequestOptions, XmppPeer } from '../peer.ts';
import { StanzaError } from '../stanza-error.ts';
import { PUBSUB, PUBSUB_ERRORS, type PUBSUB_OWNER } from './namespaces.ts';

/** A node of publish-subscribe. */
export interface NodeAddress {
  /** The service, or the bare JID of an account. */
  readonly service: Jid;
  readonly node: string;
}

/** A request with its `<pubsub/>`. @returns the `<pubsub/>` of the answer, where there is one. @throws StanzaError, PeerError */
export async function requestPubSub(
  peer: XmppPeer,
  type: 'get' | 'set',
  service: Jid,
  content: readonly (Element | undefined)[],
  options?: RequestOptions,
  namespace: typeof PUBSUB | typeof PUBSUB_OWNER = PUBSUB,
): Promise<Element | undefined> {
  const answer = await peer.request(type, service, xml('pubsub', { xmlns: namespace }, content), options);
  return answer?.is('pubsub', namespace) ? answer : undefined;
}

/** What the answer must hold. @throws StanzaError when it does not */
export function requiredChild(answer: Element | undefined, name: string, namespace?: string): Element {
  const child = answer?.child(name, namespace);
  if (!child) throw new StanzaError('undefined-condition', `the answer has no <${name}/>`);
  return child;
}

/** Is it this condition of publish-subscribe? @see XEP-0060 §17.2 */
export function isPubSubError(error: unknown, condition: string): error is StanzaError {
  return error instanceof StanzaError && error.applications.some((element) => element.is(condition, PUBSUB_ERRORS));
}
