import { type Element, xml } from '@thingward/xml';
import { BIND2, decodeBind2Request, encodeBind2Offer, encodeBound } from '../bind2.ts';
import { Jid } from '../jid.ts';
import { SaslError } from '../sasl/error.ts';
import { offeredMechanisms, type SaslChannel, serverMechanism } from '../sasl/select.ts';
import {
  decodeSasl2Data,
  decodeSasl2Request,
  encodeSasl2Data,
  encodeSasl2Offer,
  encodeSasl2Success,
  SASL2,
  type Sasl2Request,
} from '../sasl2.ts';
import { StanzaError } from '../stanza-error.ts';
import { StreamError } from '../stream-error.ts';
import { STREAM_MANAGEMENT } from '../stream-management.ts';
import type { ReadySession, ReceiverPolicy } from './receiver-policy.ts';
import type { SaslAttempts } from './sasl-attempts.ts';
import type { SaslSetting } from './sasl-negotiation.ts';
import { TokenExchange, tokenOffer } from './token-exchange.ts';

/** What an element led to: nothing yet, an account, perhaps with its session, or the end of the stream. */
export type Sasl2Outcome =
  | { readonly account: Jid; readonly success: Element; readonly session: ReadySession | undefined }
  | 'failed-for-good'
  | undefined;

/** The receiving side of XEP-0388, with what it carries along: resumption, binding, tokens. No stream is restarted. */
export class Sasl2Negotiation {
  readonly #policy: ReceiverPolicy;
  readonly #attempts: SaslAttempts;
  readonly #send: (element: Element) => void;
  /** Of the exchange that is going on. */
  #request: Sasl2Request | undefined;
  #tokens: TokenExchange | undefined;

  constructor(policy: ReceiverPolicy, attempts: SaslAttempts, send: (element: Element) => void) {
    this.#policy = policy;
    this.#attempts = attempts;
    this.#send = send;
  }

  /** Is an exchange going on? Then nothing else may come. @see XEP-0388 §2.4 */
  get isRunning(): boolean {
    return this.#request !== undefined;
  }

  /** @see XEP-0388 §2.1 */
  offer(channel: SaslChannel): Element {
    const { bind2, resume, tokens } = this.#policy;
    const inline = [
      resume && xml('sm', { xmlns: STREAM_MANAGEMENT }),
      bind2 && encodeBind2Offer(bind2.features),
      tokenOffer(tokens, channel),
    ].filter((element) => element !== undefined);
    return encodeSasl2Offer({ mechanisms: offeredMechanisms(channel, this.#policy), inline });
  }

  /** @throws StreamError */
  async handle(element: Element, setting: SaslSetting): Promise<Sasl2Outcome> {
    try {
      const step = await this.#step(element, setting.channel);
      if (step.kind === 'challenge') {
        this.#send(encodeSasl2Data('challenge', step.data));
        return undefined;
      }
      return await this.#complete(step.username, step.data, setting);
    } catch (error) {
      const failure = asSaslError(error);
      const { mechanism } = this.#attempts;
      this.#forget();
      this.#attempts.failed(failure);
      this.#send(failure.toElement(SASL2));
      // A certificate will not become another on this stream (XEP-0178 §2).
      if (mechanism === 'EXTERNAL') return 'failed-for-good';
      this.#attempts.check();
      return undefined;
    }
  }

  async #step(element: Element, channel: SaslChannel) {
    switch (element.name) {
      case 'authenticate':
        return this.#begin(element, channel);
      case 'response':
        if (!this.isRunning) throw new SaslError('malformed-request', 'there is no exchange to respond to');
        return this.#attempts.step(decodeSasl2Data(element));
      case 'abort':
        throw new SaslError('aborted');
      case 'next':
      case 'task-data':
        throw new SaslError('malformed-request', 'no further step was asked for');
      default:
        throw new StreamError('unsupported-stanza-type', `<${element.name}/> in SASL`);
    }
  }

  async #begin(element: Element, channel: SaslChannel) {
    if (this.isRunning) throw new StreamError('policy-violation', 'an authentication is going on already');
    const { tokens, requireTls } = this.#policy;
    if (requireTls && !channel.isEncrypted) throw new SaslError('encryption-required', 'use STARTTLS first');
    const request = decodeSasl2Request(element);
    this.#tokens = tokens && new TokenExchange(tokens, channel, request);
    const mechanism = this.#tokens?.showsToken
      ? this.#tokens.serverMechanism(this.#policy)
      : serverMechanism(request.mechanism, channel, this.#policy);
    this.#attempts.begin(mechanism);
    this.#request = request;
    const { initialResponse } = request;
    if (initialResponse === undefined && mechanism.name !== 'ANONYMOUS') {
      return { kind: 'challenge', data: new Uint8Array(0) } as const;
    }
    return this.#attempts.step(initialResponse ?? new Uint8Array(0));
  }

  /** The client is who it says: now for what it asked for along with it. @see XEP-0388 §2.6.1, XEP-0386 §3.2 */
  async #complete(username: string, additionalData: Uint8Array | undefined, { domain, claimed }: SaslSetting) {
    const account = Jid.of(username, domain);
    if (claimed?.local !== undefined && !claimed.bare.equals(account)) {
      throw new SaslError('invalid-authzid', 'the stream header names another account');
    }
    await this.#policy.admit?.(account, this.#attempts.mechanism);
    const { inline = [], userAgent } = this.#request ?? {};
    const answers = [...((await this.#tokens?.answer(username)) ?? [])];
    let session: ReadySession | undefined;
    const resume = inline.find((element) => element.is('resume', STREAM_MANAGEMENT));
    if (resume && this.#policy.resume) {
      const resumed = await this.#policy.resume(account, resume);
      answers.push(resumed.answer);
      session = resumed.session;
    }
    const bind = inline.find((element) => element.is('bind', BIND2));
    if (!session && bind && this.#policy.bind2) {
      const bound = await this.#policy.bind2.bind(account, decodeBind2Request(bind), userAgent);
      answers.push(encodeBound(bound.answers));
      session = bound.session;
    }
    this.#attempts.succeeded(account);
    this.#forget();
    const success = encodeSasl2Success({ identity: session?.jid ?? account, additionalData, inline: answers });
    return { account, success, session };
  }

  #forget(): void {
    this.#request = undefined;
    this.#tokens = undefined;
  }
}

/** A session that can't be had now is a failure of the authentication that asked for it. @throws what is neither */
function asSaslError(error: unknown): SaslError {
  if (error instanceof SaslError) return error;
  if (error instanceof StanzaError) return new SaslError('temporary-auth-failure', error.text ?? error.condition);
  throw error;
}
