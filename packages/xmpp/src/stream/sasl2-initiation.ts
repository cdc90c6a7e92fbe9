import { type Element, xml } from '@thingward/xml';
import { BIND2, decodeBind2Offer, encodeBind2Request } from '../bind2.ts';
import { decodeFastOffer, decodeToken, encodeFastUse, encodeTokenRequest } from '../fast.ts';
import { decodeChannelBindings } from '../sasl/channel-binding.ts';
import { SaslError } from '../sasl/error.ts';
import { hashedTokenClient, tokenMechanisms } from '../sasl/hashed-token.ts';
import type { SaslClientMechanism } from '../sasl/mechanism.ts';
import { clientMechanism } from '../sasl/select.ts';
import {
  decodeSasl2Data,
  decodeSasl2Offer,
  decodeSasl2Success,
  decodeSasl2Tasks,
  encodeSasl2Data,
  encodeSasl2Request,
  SASL2,
  type Sasl2Offer,
  type Sasl2Success,
} from '../sasl2.ts';
import { StreamError } from '../stream-error.ts';
import { STREAM_MANAGEMENT } from '../stream-management.ts';
import type { Account, NegotiatedStream } from './account.ts';
import { channelOf } from './sasl-initiation.ts';
import { readElement, readFeatures } from './stream-reading.ts';
import type { XmlStream } from './xml-stream.ts';

/** What an authentication led to: the features that follow, and the session where one came along. */
export interface Authenticated {
  readonly mechanism: string;
  readonly features: Element;
  readonly session: NegotiatedStream | undefined;
}

/** An authentication that needs no more than one message each way, and may begin before the server has said anything. */
export interface QuickAttempt {
  readonly request: Element;
  /** To be told what the server offers, which may be tokens no more. */
  offered(features: Element): Promise<void>;
  /** Reads what came of it. @throws SaslError when the token was not taken; then it is forgotten. */
  finish(): Promise<Authenticated>;
}

/** An attempt with the token that is kept; undefined when there is none that could be used here. @see XEP-0484 §3.4 */
export async function quickAttempt(stream: XmlStream, account: Account): Promise<QuickAttempt | undefined> {
  const { jid, tokens, userAgent } = account;
  const kept = userAgent?.id === undefined ? undefined : await tokens?.load(jid);
  const channel = channelOf(stream);
  if (!tokens || !kept || !tokenMechanisms(channel).includes(kept.mechanism)) return undefined;
  if (kept.expiresAt.getTime() <= Date.now()) {
    await tokens.save(jid, undefined);
    return undefined;
  }
  const count = kept.count + 1;
  await tokens.save(jid, { ...kept, count });
  const mechanism = hashedTokenClient(kept.mechanism, jid.local ?? '', kept.token, channel.bindings);
  const request = await beginning(mechanism, account, [
    encodeFastUse({ count, invalidate: false }),
    ...session(account),
  ]);
  return {
    request,
    offered: async (features) => {
      const mechanisms = decodeFastOffer(decodeSasl2Offer(features)?.inline ?? []);
      if (!mechanisms.includes(kept.mechanism)) await tokens.save(jid, undefined);
    },
    finish: async () => {
      try {
        return await completed(stream, account, mechanism, kept.mechanism);
      } catch (error) {
        const isRefused = error instanceof SaslError && error.condition !== 'temporary-auth-failure';
        if (isRefused) await tokens.save(jid, undefined);
        throw error;
      }
    },
  };
}

/** The initiating side of XEP-0388. @throws SaslError, StreamError */
export async function authenticate2(
  stream: XmlStream,
  features: Element,
  { mechanisms, inline }: Sasl2Offer,
  account: Account,
): Promise<Authenticated> {
  const channel = channelOf(stream);
  const offer = { mechanisms, bindingTypes: decodeChannelBindings(features), profile: 'sasl2' } as const;
  const mechanism = clientMechanism(offer, account, channel);
  const offered = decodeFastOffer(inline);
  const wanted =
    account.tokens && account.userAgent?.id !== undefined
      ? tokenMechanisms(channel).find((name) => offered.includes(name))
      : undefined;
  const wishes = [
    ...(wanted === undefined ? [] : [encodeTokenRequest(wanted)]),
    ...session(account).filter((wish) => isOffered(wish, inline)),
  ];
  stream.send(await beginning(mechanism, account, wishes));
  return completed(stream, account, mechanism, wanted);
}

async function beginning(mechanism: SaslClientMechanism, { userAgent }: Account, inline: readonly Element[]) {
  const initialResponse = await mechanism.start();
  return encodeSasl2Request({ mechanism: mechanism.name, initialResponse, userAgent, inline });
}

/** How a session is asked for: the former one, and another should there be none. @see XEP-0198 §8, XEP-0386 §3.2 */
function session({ resource, tag, wishes = [], resume }: Account): readonly Element[] {
  const bind = resource === undefined ? [encodeBind2Request({ tag, wishes })] : [];
  return resume ? [resume.request, ...bind] : bind;
}

function isOffered(wish: Element, inline: readonly Element[]): boolean {
  if (wish.namespace === BIND2) return decodeBind2Offer(inline) !== undefined;
  return inline.some((element) => element.is('sm', STREAM_MANAGEMENT));
}

/** @param tokenMechanism what a token that comes along is good for */
async function completed(
  stream: XmlStream,
  account: Account,
  mechanism: SaslClientMechanism,
  tokenMechanism: string | undefined,
): Promise<Authenticated> {
  const success = await exchanged(stream, mechanism);
  const token = decodeToken(success.inline);
  if (token && tokenMechanism !== undefined) {
    await account.tokens?.save(account.jid, { ...token, mechanism: tokenMechanism, count: 0 });
  }
  const session = sessionOf(success, account, mechanism.name);
  return { mechanism: mechanism.name, features: await readFeatures(stream), session };
}

async function exchanged(stream: XmlStream, mechanism: SaslClientMechanism): Promise<Sasl2Success> {
  for (;;) {
    const answer = await readElement(stream);
    if (answer.namespace !== SASL2) throw new StreamError('bad-format', `unexpected <${answer.name}/> in SASL`);
    switch (answer.name) {
      case 'challenge':
        stream.send(encodeSasl2Data('response', await mechanism.respond(decodeSasl2Data(answer))));
        break;
      case 'success': {
        const success = decodeSasl2Success(answer);
        await mechanism.finish(success.additionalData);
        return success;
      }
      case 'failure':
        throw SaslError.fromElement(answer);
      case 'continue':
        stream.send(xml('abort', { xmlns: SASL2 }));
        throw new SaslError('aborted', `the server wants more: ${decodeSasl2Tasks(answer).join(', ')}`);
      default:
        throw new StreamError('bad-format', `unexpected <${answer.name}/> in SASL`);
    }
  }
}

function sessionOf(
  { identity, inline }: Sasl2Success,
  { resume }: Account,
  mechanism: string,
): NegotiatedStream | undefined {
  const resumed = inline.find((element) => element.is('resumed', STREAM_MANAGEMENT));
  if (resumed && resume) return { jid: resume.jid, mechanism, resumed, answers: [] };
  const bound = inline.find((element) => element.is('bound', BIND2));
  if (!bound) return undefined;
  if (!identity.isFull) throw new StreamError('bad-format', 'the server bound no full JID');
  const failed = inline.find((element) => element.is('failed', STREAM_MANAGEMENT));
  return { jid: identity, mechanism, failed, answers: bound.elements };
}
