import {
  decodeDismiss,
  decodeHarmonizedOwnerRule,
  decodeList,
  decodeOwnerAnswer,
  decodeOwnerDecision,
  decodeRuleEdit,
  decodeWithdraw,
  decodingRequest,
  encodeQuestions,
  encodeRule,
  encodeRules,
  PROVISIONING_DIALECTS,
  PROVISIONING_OWNER,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import { type IqHandler, Jid, StanzaError, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import type { OwnerDesk } from './owner-desk.ts';
import type { Owners } from './owners.ts';
import type { ThingCaches } from './thing-caches.ts';

export interface OwnerRequestsOptions {
  readonly peer: XmppPeer;
  readonly desk: OwnerDesk;
  readonly owners: Owners;
  readonly caches: ThingCaches;
}

/** Takes what owners ask and decide by IQ: as our clients do, and as those of the IEEE and the Neuro-Foundation. */
export function serveOwners(options: OwnerRequestsOptions): readonly Unsubscribe[] {
  const { peer, desk } = options;
  const ours: readonly (readonly [
    'get' | 'set',
    string,
    (owner: string, payload: Element) => Promise<Element | undefined>,
  ])[] = [
    ['get', 'questions', async (owner, payload) => encodeQuestions(await desk.questions(owner, decodeList(payload)))],
    ['get', 'rules', async (owner, payload) => encodeRules(await desk.rules(owner, decodeList(payload)))],
    ['set', 'answer', async (owner, payload) => encodeRule(await desk.answer(owner, decodeOwnerAnswer(payload)))],
    ['set', 'decide', async (owner, payload) => encodeRule(await desk.decide(owner, decodeOwnerDecision(payload)))],
    [
      'set',
      'edit',
      async (owner, payload) => {
        const { rule, ...content } = decodeRuleEdit(payload);
        return encodeRule(await desk.edit(owner, rule, content));
      },
    ],
    [
      'set',
      'withdraw',
      async (owner, payload) => void (await desk.withdraw(owner, decodeWithdraw(payload))) as undefined,
    ],
    ['set', 'dismiss', async (owner, payload) => void (await desk.dismiss(owner, decodeDismiss(payload))) as undefined],
  ];
  return [
    ...ours.map(([type, name, handle]) =>
      peer.onIq(type, { name, namespace: PROVISIONING_OWNER }, ({ from, payload }) =>
        decodingAsync(() => handle(from.bare.toString(), payload)),
      ),
    ),
    ...PROVISIONING_DIALECTS.flatMap(({ ownerNamespace }) =>
      ownerNamespace === undefined ? [] : serveHarmonizedOwners(options, ownerNamespace),
    ),
  ];
}

/** @see Neuro-Foundation, Provisioning */
function serveHarmonizedOwners({ peer, desk, owners, caches }: OwnerRequestsOptions, namespace: string): Unsubscribe[] {
  const decide: IqHandler = ({ from, payload }) =>
    decodingAsync(async () => {
      const { key, scope, subject, isAllowed, names, types } = decodeHarmonizedOwnerRule(payload);
      if (!/^\d{1,9}$/.test(key)) throw new StanzaError('item-not-found', 'there is no such question');
      await desk.answer(from.bare.toString(), { question: Number(key), scope, subject, isAllowed, names, types });
      return undefined;
    });
  return [
    ...['isFriendRule', 'canReadRule', 'canControlRule'].map((name) => peer.onIq('set', { name, namespace }, decide)),
    peer.onIq('set', { name: 'deleteRules', namespace }, async ({ from, payload }) => {
      await desk.withdrawAll(from.bare.toString(), thingOf(payload));
      return undefined;
    }),
    peer.onIq('set', { name: 'clearCache', namespace }, async ({ from, payload }) => {
      const { jid } = thingOf(payload);
      if (jid === undefined) throw new StanzaError('bad-request', 'which Thing?');
      if (!(await owners.ownersBehind(jid)).includes(from.bare.toString())) {
        throw new StanzaError('forbidden', 'the Thing is not yours');
      }
      await caches.clear(jid);
      return undefined;
    }),
  ];
}

/** What is not named is not restricted. @throws StanzaError `bad-request` */
function thingOf(payload: Element) {
  const text = payload.attribute('jid');
  const jid = text === undefined ? undefined : Jid.tryParse(text);
  if (text !== undefined && !jid) throw new StanzaError('bad-request', 'this is no JID');
  const node = (name: string) => payload.attribute(name) || undefined;
  return { jid: jid?.bare.toString(), node_id: node('id'), source_id: node('src'), cache_type: node('pt') };
}

/** What is wrong with a request is told as such, also when it is found out later. */
async function decodingAsync<T>(handle: () => Promise<T>): Promise<T> {
  let failure: unknown;
  try {
    return await handle();
  } catch (error) {
    failure = error;
  }
  return decodingRequest(() => {
    throw failure;
  });
}
