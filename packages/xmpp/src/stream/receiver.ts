import { type Element, type Frame, type StreamEvent, XmlError, xml } from '@thingward/xml';
import { Jid } from '../jid.ts';
import { NS } from '../namespaces.ts';
import { decodeBase64, encodeBase64 } from '../sasl/base64.ts';
import { type ChannelBindings, encodeChannelBindings } from '../sasl/channel-binding.ts';
import { SaslError } from '../sasl/error.ts';
import type { CredentialStore, SaslServerMechanism, SaslStep } from '../sasl/mechanism.ts';
import type { ScramPrimitives } from '../sasl/scram.ts';
import { offeredMechanisms, type SaslChannel, serverMechanism } from '../sasl/select.ts';
import { errorReply, iqResult, isIqRequest } from '../stanza.ts';
import { StanzaError } from '../stanza-error.ts';
import { StreamError } from '../stream-error.ts';
import { encodeManagementFailure, STREAM_MANAGEMENT } from '../stream-management.ts';

/** What the receiving side of a stream does on its transport. */
export interface ReceivingTransport {
  readonly isEncrypted: boolean;
  /** Can be encrypted in place. */
  readonly canStartTls: boolean;
  /** What an authentication can be tied to; undefined when there is nothing. @see RFC 5056 */
  readonly channelBindings?: ChannelBindings | undefined;
  /** Addresses the client's certificate speaks for; undefined where none is asked for. */
  readonly certified?: readonly Jid[] | undefined;
  /** Sends the answering stream header. */
  openStream(header: { readonly id: string; readonly from: string; readonly to?: string | undefined }): void;
  send(element: Element): void;
  /** Encrypts in place and forgets the stream so far. */
  startTls(): Promise<void>;
  /** Expects a new stream header next. */
  restart(): void;
  /** Sends the error if there is one, ends the stream and the connection. */
  closeStream(error?: StreamError): void;
}

/** What a server decides about a client's stream. */
export interface ReceiverPolicy {
  /** Domains it serves. */
  readonly domains: ReadonlySet<string>;
  readonly credentials: CredentialStore;
  /** Quicker than those of Web Crypto, where there are some. */
  readonly scramPrimitives?: ScramPrimitives;
  /** Must the stream be encrypted before anybody authenticates? */
  readonly requireTls: boolean;
  /** Failed authentications that end the stream. */
  readonly maxAuthFailures: number;
  readonly newStreamId: () => string;
  /** Told of errors that are bugs, not the other side's. */
  readonly reportError: (error: unknown) => void;
  /** Has the last word on an account that has proved who it is. @throws SaslError */
  admit?(account: Jid): Promise<void>;
  /**
   * Answers a request of a client that has not authenticated, such as to register.
   * @returns what answers; undefined for requests that nobody answers, which end the stream
   */
  requested?(request: Element): (() => Promise<Element | undefined>) | undefined;
  /** Gives the authenticated account a full JID. @throws StanzaError */
  bind(account: Jid, resource: string | undefined): Promise<Jid>;
  /** From now on the stream is the session's. */
  bound(jid: Jid): void;
  /**
   * Takes up a former session instead of binding a resource.
   * @returns the answer, and what is to happen after it was sent when the session was resumed
   * @see XEP-0198 §5
   */
  resume?(account: Jid, request: Element): Promise<{ readonly answer: Element; readonly resumed?: () => void }>;
  /** Features to tell of beside those of the negotiation itself. */
  features?(state: { readonly encrypted: boolean; readonly authenticated: boolean }): readonly Element[];
  /** Told of each attempt, for logs and limits. */
  authenticated?(outcome: { readonly mechanism: string; readonly account?: Jid; readonly error?: SaslError }): void;
}

type State = 'header' | 'negotiating' | 'bound' | 'closed';

/**
 * The receiving side of a client's stream until a resource is bound: header, STARTTLS, SASL, bind. Whatever is out of order
 * gets the error RFC 6120 names for it. One event at a time: await `handle` before the next.
 * @see RFC 6120 §4.3, §4.9, §5.4, §6.4, §7.6
 */
export class StreamReceiver {
  readonly #transport: ReceivingTransport;
  readonly #policy: ReceiverPolicy;
  #state: State = 'header';
  #domain = '';
  #account: Jid | undefined;
  #mechanism: SaslServerMechanism | undefined;
  #failures = 0;

  constructor(transport: ReceivingTransport, policy: ReceiverPolicy) {
    this.#transport = transport;
    this.#policy = policy;
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

  /** @see RFC 6120 §4.3.2 */
  #features(): Element {
    const { canStartTls, isEncrypted } = this.#transport;
    const others =
      this.#policy.features?.({ encrypted: isEncrypted, authenticated: this.#account !== undefined }) ?? [];
    if (this.#account) return features(xml('bind', { xmlns: NS.bind }), ...others);
    const required = this.#policy.requireTls && !isEncrypted;
    const starttls =
      canStartTls && !isEncrypted
        ? xml('starttls', { xmlns: NS.tls }, required ? xml('required') : undefined)
        : undefined;
    if (required) return features(starttls);
    const channel = this.#channel();
    const mechanisms = offeredMechanisms(channel).map((name) => xml('mechanism', {}, name));
    const bindings = channel.bindings && encodeChannelBindings(channel.bindings);
    return features(starttls, xml('mechanisms', { xmlns: NS.sasl }, mechanisms), bindings, ...others);
  }

  async #negotiate(frame: Frame): Promise<void> {
    const { name, namespace } = frame.head;
    if (namespace === NS.tls && name === 'starttls' && !this.#account) await this.#startTls();
    else if (namespace === NS.sasl && !this.#account) await this.#authenticate(frame.element);
    else if (this.#account && name === 'iq' && frame.head.payload?.namespace === NS.bind) {
      await this.#bind(frame.element, this.#account);
    } else if (this.#account && namespace === STREAM_MANAGEMENT) {
      await this.#manage(frame.element, this.#account);
    } else if (namespace === NS.stream && name === 'error') this.#close();
    else if (!this.#account) await this.#request(frame);
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
    try {
      const step = await this.#saslStep(element);
      const data = step.data === undefined ? undefined : encodeBase64(step.data) || '=';
      if (step.kind === 'challenge') {
        this.#transport.send(xml('challenge', { xmlns: NS.sasl }, data));
        return;
      }
      const account = Jid.of(step.username, this.#domain);
      await this.#policy.admit?.(account);
      this.#account = account;
      this.#policy.authenticated?.({ mechanism: this.#mechanism?.name ?? '', account });
      this.#mechanism = undefined;
      this.#transport.send(xml('success', { xmlns: NS.sasl }, data));
      this.#transport.restart();
      this.#state = 'header';
    } catch (error) {
      if (!(error instanceof SaslError)) throw error;
      const mechanism = this.#mechanism?.name ?? '';
      this.#policy.authenticated?.({ mechanism, error });
      this.#mechanism = undefined;
      this.#failures++;
      this.#transport.send(error.toElement());
      // A certificate will not become another on this stream (XEP-0178 §2).
      if (mechanism === 'EXTERNAL') this.#close();
      if (this.#failures >= this.#policy.maxAuthFailures) {
        throw new StreamError('policy-violation', 'too many failed attempts to authenticate');
      }
    }
  }

  async #saslStep(element: Element): Promise<SaslStep> {
    if (this.#policy.requireTls && !this.#transport.isEncrypted) {
      throw new SaslError('encryption-required', 'use STARTTLS first');
    }
    if (element.name === 'abort') throw new SaslError('aborted');
    const text = element.text.trim();
    const data = decodeBase64(text === '=' ? '' : text);
    if (data === undefined) throw new SaslError('incorrect-encoding', 'this is no Base64');
    if (element.name === 'auth') {
      const { credentials, scramPrimitives } = this.#policy;
      const name = element.attribute('mechanism') ?? '';
      this.#mechanism = serverMechanism(name, credentials, this.#channel(), scramPrimitives);
      // No initial response: ask for it with an empty challenge (RFC 6120 §6.4.2).
      if (text === '') return { kind: 'challenge', data: new Uint8Array(0) };
    } else if (element.name !== 'response')
      throw new StreamError('unsupported-stanza-type', `<${element.name}/> in SASL`);
    if (!this.#mechanism) throw new SaslError('malformed-request', 'there is no exchange to respond to');
    return this.#mechanism.step(data);
  }

  /** @see XEP-0198 §3, §5 */
  async #manage(request: Element, account: Jid): Promise<void> {
    if (request.name !== 'resume' || !this.#policy.resume) {
      this.#transport.send(encodeManagementFailure('unexpected-request'));
      return;
    }
    const { answer, resumed } = await this.#policy.resume(account, request);
    this.#transport.send(answer);
    if (!resumed) return;
    this.#state = 'bound';
    resumed();
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
      this.#state = 'bound';
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
      return new StreamError(error.code, error.message);
    case 'incomplete':
      return new StreamError('not-well-formed', error.message);
    default:
      return new StreamError('policy-violation', error.message);
  }
}
