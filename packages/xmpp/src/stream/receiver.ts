import { type Element, type Frame, type StreamEvent, XmlError, xml } from '@thingward/xml';
import { Jid } from '../jid.ts';
import { NS } from '../namespaces.ts';
import { encodeChannelBindings } from '../sasl/channel-binding.ts';
import { offeredMechanisms, type SaslChannel } from '../sasl/select.ts';
import { SASL2 } from '../sasl2.ts';
import { errorReply, iqResult, isIqRequest } from '../stanza.ts';
import { StanzaError } from '../stanza-error.ts';
import { StreamError } from '../stream-error.ts';
import { encodeManagementFailure, STREAM_MANAGEMENT } from '../stream-management.ts';
import type { ReadySession, ReceiverPolicy, ReceivingTransport, StreamCompression } from './receiver-policy.ts';
import { SaslAttempts } from './sasl-attempts.ts';
import { SaslNegotiation, type SaslSetting } from './sasl-negotiation.ts';
import { Sasl2Negotiation } from './sasl2-negotiation.ts';

type State = 'header' | 'negotiating' | 'bound' | 'closed';

/**
 * The receiving side of a client's stream until there is a session: header, STARTTLS, SASL in either profile, bind or resume.
 * Whatever is out of order gets the error RFC 6120 names for it. One event at a time: await `handle` before the next.
 * @see RFC 6120 §4.3, §4.9, §5.4, §6.4, §7.6, XEP-0388
 */
export class StreamReceiver {
  readonly #transport: ReceivingTransport;
  readonly #policy: ReceiverPolicy;
  #state: State = 'header';
  readonly #sasl: SaslNegotiation;
  readonly #sasl2: Sasl2Negotiation;
  #domain = '';
  /** Who the client says it is. */
  #claimed: Jid | undefined;
  #account: Jid | undefined;

  constructor(transport: ReceivingTransport, policy: ReceiverPolicy) {
    this.#transport = transport;
    this.#policy = policy;
    const attempts = new SaslAttempts(policy);
    const send = (element: Element) => transport.send(element);
    this.#sasl = new SaslNegotiation(policy, attempts, send);
    this.#sasl2 = new Sasl2Negotiation(policy, attempts, send);
  }

  /** Was a resource bound? Then frames belong to the session. */
  get isBound(): boolean {
    return this.#state === 'bound';
  }

  get isAuthenticated(): boolean {
    return this.#account !== undefined;
  }

  /** Takes the next event of a stream that is not bound yet. Never throws: what is wrong ends the stream with its error. */
  async handle(event: StreamEvent): Promise<void> {
    if (this.#state === 'closed') return;
    try {
      if (event.kind === 'close') this.#close();
      else if (event.kind === 'open') this.#open(event.header, event.bindings['']);
      else await this.#negotiate(event.frame);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the stream because of an error, naming it as the RFC does. */
  fail(error: unknown): void {
    if (!(error instanceof StreamError || error instanceof XmlError)) this.#policy.reportError(error);
    if (this.#state === 'header') this.#answerHeader(undefined);
    this.#close(asStreamError(error));
  }

  #close(error?: StreamError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#transport.closeStream(error);
  }

  #open(header: Element, defaultNamespace: string | undefined): void {
    if (this.#state !== 'header') throw new StreamError('invalid-xml', 'a stream header inside a stream');
    this.#answerHeader(header.attribute('from'), header.attribute('to'));
    this.#state = 'negotiating';
    const isStream = header.is('stream', NS.stream) || header.is('open', NS.framing);
    if (!isStream) throw new StreamError('invalid-namespace', 'expected a stream header');
    if (header.name === 'stream' && defaultNamespace !== NS.client) {
      throw new StreamError('invalid-namespace', `the default namespace must be ${NS.client}`);
    }
    if (header.attribute('version')?.startsWith('1.') !== true) {
      throw new StreamError('unsupported-version', 'only XMPP 1.0 is spoken here');
    }
    const to = Jid.tryParse(header.attribute('to'))?.domain;
    if (to === undefined || !this.#policy.domains.has(to)) {
      throw new StreamError('host-unknown', `${header.attribute('to') ?? 'the domain'} is not served here`);
    }
    this.#domain = to;
    this.#claimed = Jid.tryParse(header.attribute('from'));
    if (this.#claimed !== undefined && this.#claimed.domain !== to) {
      throw new StreamError('invalid-from', `${this.#claimed} is not at ${to}`);
    }
    this.#transport.send(this.#features());
  }

  #answerHeader(from: string | undefined, to?: string): void {
    const [first = 'localhost'] = this.#policy.domains;
    const domain = Jid.tryParse(to)?.domain;
    this.#transport.openStream({
      id: this.#policy.newStreamId(),
      from: domain !== undefined && this.#policy.domains.has(domain) ? domain : first,
      to: Jid.tryParse(from)?.toString(),
    });
    this.#state = 'negotiating';
  }

  /** @see RFC 6120 §4.3.2, XEP-0388 §2.1 */
  #features(): Element {
    const { canStartTls, isEncrypted } = this.#transport;
    const state = { encrypted: isEncrypted, authenticated: this.#account !== undefined };
    const others = [...(this.#policy.features?.(state) ?? []), this.#policy.compression?.offer(state)];
    if (this.#account) {
      return features(this.isBound ? undefined : xml('bind', { xmlns: NS.bind }), ...others);
    }
    const required = this.#policy.requireTls && !isEncrypted;
    const starttls =
      canStartTls && !isEncrypted
        ? xml('starttls', { xmlns: NS.tls }, required ? xml('required') : undefined)
        : undefined;
    if (required) return features(starttls);
    const channel = this.#channel();
    const mechanisms = offeredMechanisms(channel, this.#policy).map((name) => xml('mechanism', {}, name));
    return features(
      starttls,
      xml('mechanisms', { xmlns: NS.sasl }, mechanisms),
      this.#sasl2.offer(channel),
      channel.bindings && encodeChannelBindings(channel.bindings),
      ...others,
    );
  }

  async #negotiate(frame: Frame): Promise<void> {
    // Where each message is an element (RFC 7395), one may come before the header.
    if (this.#state === 'header') throw new StreamError('bad-format', 'expected a stream header');
    const { name, namespace } = frame.head;
    if (namespace === NS.stream && name === 'error') this.#close();
    else if (namespace === SASL2) await this.#authenticate2(frame.element);
    else if (this.#sasl2.isRunning) throw new StreamError('policy-violation', 'an authentication is going on');
    else if (this.#policy.compression?.takes(namespace)) await this.#compress(frame.element, this.#policy.compression);
    else if (namespace === NS.tls && name === 'starttls' && !this.#account) await this.#startTls();
    else if (namespace === NS.sasl && !this.#account) await this.#authenticate(frame.element);
    else if (this.#account && name === 'iq' && frame.head.payload?.namespace === NS.bind) {
      await this.#bind(frame.element, this.#account);
    } else if (this.#account && namespace === STREAM_MANAGEMENT) {
      await this.#manage(frame.element, this.#account);
    } else if (!this.#account) await this.#request(frame);
    else throw new StreamError('not-authorized', 'bind a resource first');
  }

  /** @see XEP-0077 §3.1.1 */
  async #request(frame: Frame): Promise<void> {
    const { name, namespace } = frame.head;
    const isSecure = this.#transport.isEncrypted || !this.#policy.requireTls;
    const isRequest = name === 'iq' && namespace === NS.client && isIqRequest(frame.element);
    const answer = isSecure && isRequest ? this.#policy.requested?.(frame.element) : undefined;
    if (!answer) throw new StreamError('not-authorized', 'authenticate first');
    try {
      this.#transport.send(iqResult(frame.element, await answer()));
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.#transport.send(errorReply(frame.element, error));
    }
  }

  /** @see XEP-0138 §4, XEP-0322 §2.2 */
  async #compress(element: Element, compression: StreamCompression): Promise<void> {
    if (this.#policy.requireTls && !this.#transport.isEncrypted)
      throw new StreamError('not-authorized', 'encrypt first');
    const { answer, setUp } = await compression.handle(element, this.#account);
    if (answer) this.#transport.send(answer);
    if (!setUp) return;
    this.#transport.compress?.(setUp);
    this.#await('header');
  }

  async #startTls(): Promise<void> {
    if (!this.#transport.canStartTls || this.#transport.isEncrypted) {
      this.#transport.send(xml('failure', { xmlns: NS.tls }));
      this.#close();
      return;
    }
    this.#transport.send(xml('proceed', { xmlns: NS.tls }));
    await this.#transport.startTls();
    this.#state = 'header';
  }

  async #authenticate(element: Element): Promise<void> {
    const outcome = await this.#sasl.handle(element, this.#setting());
    if (outcome === 'failed-for-good') this.#close();
    else if (outcome) {
      this.#account = outcome.account;
      this.#transport.restart();
      this.#await('header');
    }
  }

  /** @see XEP-0388 §2.6.1, §4.8 */
  async #authenticate2(element: Element): Promise<void> {
    if (this.#account) throw new StreamError('policy-violation', `${this.#account} is authenticated already`);
    const outcome = await this.#sasl2.handle(element, this.#setting());
    if (outcome === 'failed-for-good') this.#close();
    else if (outcome) {
      const { account, success, session } = outcome;
      this.#account = account;
      this.#transport.send(success);
      if (session) this.#await('bound');
      this.#transport.send(this.#features());
      session?.begin();
    }
  }

  /** @see XEP-0198 §3, §5 */
  async #manage(request: Element, account: Jid): Promise<void> {
    if (request.name !== 'resume' || !this.#policy.resume) {
      this.#transport.send(encodeManagementFailure('unexpected-request'));
      return;
    }
    const { answer, session } = await this.#policy.resume(account, request);
    this.#transport.send(answer);
    if (session) this.#begin(session);
  }

  #begin(session: ReadySession): void {
    this.#await('bound');
    session.begin();
  }

  /** What comes next, unless the stream was closed meanwhile. */
  #await(state: State): void {
    if (this.#state !== 'closed') this.#state = state;
  }

  #setting(): SaslSetting {
    return { domain: this.#domain, claimed: this.#claimed, channel: this.#channel() };
  }

  #channel(): SaslChannel {
    const { isEncrypted, channelBindings, certified } = this.#transport;
    return {
      isEncrypted,
      bindings: channelBindings,
      certified: certified?.filter(({ domain }) => domain === this.#domain),
    };
  }

  async #bind(request: Element, account: Jid): Promise<void> {
    const bind = request.child('bind', NS.bind);
    try {
      if (request.attribute('type') !== 'set' || !bind) throw new StanzaError('bad-request');
      const jid = await this.#policy.bind(account, bind.child('resource')?.text || undefined);
      this.#transport.send(iqResult(request, xml('bind', { xmlns: NS.bind }, xml('jid', {}, jid.toString()))));
      this.#await('bound');
      this.#policy.bound(jid);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.#transport.send(errorReply(request, error));
    }
  }
}

function features(...content: (Element | undefined)[]): Element {
  return xml('features', { xmlns: NS.stream }, ...content);
}

/** The stream error that stands for any error; bugs become `internal-server-error`. @see RFC 6120 §4.9.3 */
export function asStreamError(error: unknown): StreamError {
  if (error instanceof StreamError) return error;
  if (!(error instanceof XmlError)) return new StreamError('internal-server-error');
  switch (error.code) {
    case 'not-well-formed':
    case 'restricted-xml':
    case 'bad-namespace-prefix':
    case 'unsupported-encoding':
      return new StreamError(error.code, error.message);
    case 'incomplete':
      return new StreamError('not-well-formed', error.message);
    default:
      return new StreamError('policy-violation', error.message);
  }
}
