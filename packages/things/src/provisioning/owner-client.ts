import type { Element } from '@thingward/xml';
import type { Jid, RequestOptions, XmppPeer } from '@thingward/xmpp';
import { PayloadError } from '../thing/payload.ts';
import {
  decodeQuestions,
  decodeRuleAnswer,
  decodeRules,
  encodeDismiss,
  encodeList,
  encodeOwnerAnswer,
  encodeOwnerDecision,
  encodeRuleEdit,
  encodeWithdraw,
  type ListPage,
  type ListPart,
  type OwnerAnswer,
  type OwnerDecision,
  type RuleEdit,
} from './owner-codec.ts';
import type { AccessQuestionToOwner, AccessRule } from './rule-codec.ts';

/** Pages of a list that are asked for when all of it is wanted: more than any owner may have. */
const MAX_PAGES = 200;

/** What waits for the owner's decision. @throws StanzaError, PayloadError, PeerError */
export async function listQuestions(
  peer: XmppPeer,
  server: Jid,
  part?: ListPart,
  options?: RequestOptions,
): Promise<ListPage<AccessQuestionToOwner>> {
  return decodeQuestions(given(await peer.request('get', server, encodeList('questions', part), options)));
}

/** What the owner has decided. @throws StanzaError, PayloadError, PeerError */
export async function listRules(
  peer: XmppPeer,
  server: Jid,
  part?: ListPart,
  options?: RequestOptions,
): Promise<ListPage<AccessRule>> {
  return decodeRules(given(await peer.request('get', server, encodeList('rules', part), options)));
}

/** All pages of a list, one after the other. */
export async function allOf<T extends { readonly id: number }>(
  page: (part: ListPart) => Promise<ListPage<T>>,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (let i = 0; i < MAX_PAGES; i++) {
    const { items, more } = await page({ after: all.at(-1)?.id });
    all.push(...items);
    if (!more || items.length === 0) break;
  }
  return all;
}

/** Makes a rule of a question. @throws StanzaError `item-not-found` when there is no such question of this owner; PayloadError, PeerError */
export async function answerQuestion(
  peer: XmppPeer,
  server: Jid,
  answer: OwnerAnswer,
  options?: RequestOptions,
): Promise<AccessRule> {
  return decodeRuleAnswer(await peer.request('set', server, encodeOwnerAnswer(answer), options));
}

/** Gives a rule another content. @throws StanzaError `item-not-found` when the owner has no such rule; PayloadError, PeerError */
export async function editRule(
  peer: XmppPeer,
  server: Jid,
  edit: RuleEdit,
  options?: RequestOptions,
): Promise<AccessRule> {
  return decodeRuleAnswer(await peer.request('set', server, encodeRuleEdit(edit), options));
}

/** Makes a rule that nobody has asked for. @throws StanzaError `forbidden` when the Thing is somebody else's; PayloadError, PeerError */
export async function decideAccess(
  peer: XmppPeer,
  server: Jid,
  decision: OwnerDecision,
  options?: RequestOptions,
): Promise<AccessRule> {
  return decodeRuleAnswer(await peer.request('set', server, encodeOwnerDecision(decision), options));
}

/** Takes a rule back. @throws StanzaError `item-not-found`; PeerError */
export async function withdrawRule(peer: XmppPeer, server: Jid, rule: number, options?: RequestOptions): Promise<void> {
  await peer.request('set', server, encodeWithdraw(rule), options);
}

/** Puts a question away without a rule. @throws StanzaError `item-not-found`; PeerError */
export async function dismissQuestion(
  peer: XmppPeer,
  server: Jid,
  question: number,
  options?: RequestOptions,
): Promise<void> {
  await peer.request('set', server, encodeDismiss(question), options);
}

function given(answer: Element | undefined): Element {
  if (answer === undefined) throw new PayloadError('unexpected-element', 'iq', 'the answer is empty');
  return answer;
}
