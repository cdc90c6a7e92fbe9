import type { Element } from '@thingward/xml';
import type { Jid, RequestOptions, XmppPeer } from '@thingward/xmpp';
import { findDialect } from '../thing/find-dialect.ts';
import type { NodeReference } from '../thing/node.ts';
import { PayloadError } from '../thing/payload.ts';
import {
  DISCOVERY,
  decodeClaimed,
  decodeFound,
  encodeDisown,
  encodeMine,
  encodeRegister,
  encodeRemove,
  encodeSearch,
  encodeUnregister,
  encodeUpdate,
  type SearchResult,
  type ThingReference,
} from './codec.ts';
import { asXepDiscovery, DISCOVERY_DIALECTS, inDiscoveryDialect } from './dialects.ts';
import type { MetaTag } from './meta-tag.ts';
import type { SearchOperator } from './search.ts';

/**
 * Registers a Thing of ours, replacing what it registered before.
 * @returns who claimed it already, in which case the registry has kept its meta data as they were
 * @throws StanzaError; MetaTagError for tags that can't be sent; PayloadError for an answer that can't be understood
 * @see XEP-0347 §3.6 - 3.8
 */
export async function registerThing(
  peer: XmppPeer,
  registry: Jid,
  {
    node,
    tags,
    selfOwned = false,
  }: { node?: NodeReference | undefined; tags: readonly MetaTag[]; selfOwned?: boolean },
  options?: RequestOptions,
): Promise<{ claimedBy?: { owner: Jid; public: boolean } }> {
  const answer = await ask(peer, 'set', registry, encodeRegister({ node, tags, selfOwned }), options);
  if (answer === undefined) return {};
  const claimed = decodeClaimed(answer);
  return { claimedBy: { owner: claimed.jid, public: claimed.public } };
}

/**
 * Claims the Thing that registered with exactly these tags, in any order.
 * @throws StanzaError item-not-found when there is no such Thing or somebody else owns it; resource-constraint after too many failures
 * @see XEP-0347 §3.9
 */
export async function claimThing(
  peer: XmppPeer,
  registry: Jid,
  tags: readonly MetaTag[],
  options: { public?: boolean; node?: NodeReference | undefined } & RequestOptions = {},
): Promise<ThingReference> {
  const claim = encodeMine({ node: options.node, tags, public: options.public ?? true });
  const { jid, node } = decodeClaimed(expected(await ask(peer, 'set', registry, claim, options), 'claimed'));
  return { jid, node };
}

/**
 * Searches the public Things: those for which all the operators hold.
 * @throws StanzaError
 * @see XEP-0347 §3.15
 */
export async function searchThings(
  peer: XmppPeer,
  registry: Jid,
  operators: readonly SearchOperator[],
  options: { offset?: number; maxCount?: number } & RequestOptions = {},
): Promise<SearchResult> {
  const search = encodeSearch({ operators, offset: options.offset ?? 0, maxCount: options.maxCount });
  return decodeFound(expected(await ask(peer, 'get', registry, search, options), 'found'));
}

/**
 * Changes tags of a Thing: those given are set, those with an empty string removed, the others stay.
 * @param options.jid the Thing, when its owner asks; undefined: the sender is the Thing
 * @returns `disowned`: the sender is registered but has no owner (any more), and nothing was changed; it should register again
 * @throws StanzaError item-not-found when it is not registered, or somebody else's
 * @see XEP-0347 §3.13, §3.14
 */
export async function updateThing(
  peer: XmppPeer,
  registry: Jid,
  tags: readonly MetaTag[],
  options: { jid?: Jid; node?: NodeReference | undefined } & RequestOptions = {},
): Promise<{ disowned: boolean }> {
  const update = encodeUpdate({ jid: options.jid, node: options.node, tags });
  const answer = await ask(peer, 'set', registry, update, options);
  return { disowned: answer?.is('disowned', DISCOVERY) ?? false };
}

/**
 * Takes a Thing of ours out of the registry; it stays ours.
 * @throws StanzaError item-not-found when it is not registered, or somebody else's
 * @see XEP-0347 §3.10
 */
export async function removeThing(
  peer: XmppPeer,
  registry: Jid,
  jid: Jid,
  node?: NodeReference,
  options?: RequestOptions,
): Promise<void> {
  await ask(peer, 'set', registry, encodeRemove({ jid, node }), options);
}

/**
 * Gives up a Thing of ours.
 * @throws StanzaError not-allowed when the Thing did not acknowledge, in which case it stays ours; item-not-found when it is not ours
 * @see XEP-0347 §3.17
 */
export async function disownThing(
  peer: XmppPeer,
  registry: Jid,
  jid: Jid,
  node?: NodeReference,
  options?: RequestOptions,
): Promise<void> {
  await ask(peer, 'set', registry, encodeDisown({ jid, node }), options);
}

const TIMEOUT_MS = 30_000;

/** Asks in a dialect the registry speaks. */
async function ask(
  peer: XmppPeer,
  type: 'get' | 'set',
  registry: Jid,
  request: Element,
  options: RequestOptions = {},
): Promise<Element | undefined> {
  const { signal, timeoutMs = TIMEOUT_MS } = options;
  const dialect = await findDialect(peer, registry, DISCOVERY_DIALECTS, { timeoutMs, signal });
  const answer = await peer.request(type, registry, inDiscoveryDialect(request, dialect), options);
  return answer && asXepDiscovery(answer);
}

/** An answer that must not be empty. */
function expected(answer: Element | undefined, name: string): Element {
  if (answer === undefined) throw new PayloadError('unexpected-element', name, 'the answer is empty');
  return answer;
}

/** The Thing that we are leaves the registry. @throws StanzaError @see XEP-0347 §3.16 */
export async function unregisterThing(
  peer: XmppPeer,
  registry: Jid,
  node?: NodeReference,
  options?: RequestOptions,
): Promise<void> {
  await ask(peer, 'set', registry, encodeUnregister(node), options);
}
