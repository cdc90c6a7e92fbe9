import { type Element, type Frame, XmlError, xml } from '@thingward/xml';
import {
  asStreamError,
  BIDIRECTIONAL,
  bidirectionalFeature,
  DIALBACK,
  decodeBase64,
  decodeDialback,
  dialbackFeature,
  Jid,
  NS,
  SaslError,
  StreamError,
} from '@thingward/xmpp';
import { DialbackResponder, type ResponderPolicy } from './dialback-responder.ts';
import type { PeerCertificate, S2sAction, S2sEvent, S2sMachine } from './events.ts';
import { stanzaAddresses } from './stanza-addresses.ts';

export interface ReceiverOptions extends ResponderPolicy {
  /** Whom it answers for when nobody was asked for. */
  readonly defaultDomain: string;
  readonly newStreamId: () => string;
  readonly parseJid: (text: string) => Jid;
  /** Told of errors that are bugs, not the other side's. */
  readonly reportError: (error: unknown) => void;
}

const MAX_AUTH_FAILURES = 3;
const text = new TextDecoder('utf-8', { fatal: true });

/**
 * The receiving side of a stream between servers: header, STARTTLS, SASL EXTERNAL, dialback, bidirectional streams, and the
 * addresses of every stanza. Pure: events in, actions out.
 * @see RFC 6120 §4, §5, §6, XEP-0178 §3, XEP-0220 §2.2, XEP-0288
 */
export class S2sReceiver implements S2sMachine {
  readonly #options: ReceiverOptions;
  readonly #responder: DialbackResponder;
  #state: 'header' | 'open' | 'handshake' | 'closed' = 'header';
  #streamId = '';
  #from: string | undefined;
  #certificate: PeerCertificate | undefined;
  /** Domain proved by SASL. */
  #authenticated: string | undefined;
  #challenged = false;
  #failures = 0;
  #bidirectional = false;
  #actions: S2sAction[] = [];

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#responder = new DialbackResponder(options);
  }

  /** May anything be sent back on it for the pairs that are accepted? @see XEP-0288 */
  get isBidirectional(): boolean {
    return this.#bidirectional;
  }

  /** Are stanzas taken for any pair? */
  get isAuthorized(): boolean {
    return this.#responder.isAuthorized;
  }

  handle(event: S2sEvent): readonly S2sAction[] {
    if (this.#state === 'closed') return [];
    this.#actions = [];
    try {
      this.#take(event);
    } catch (error) {
      this.#fail(error);
    }
    return this.#actions;
  }

  #take(event: S2sEvent): void {
    switch (event.kind) {
      case 'open':
        this.#open(event.header, event.bindings['']);
        break;
      case 'frame':
        this.#frame(event.frame);
        break;
      case 'close':
        this.#close({});
        break;
      case 'secured':
        this.#certificate = event.certificate;
        this.#state = 'header';
        break;
      case 'checked':
        this.#do(...this.#responder.checked(event.pair, event.outcome));
        break;
      case 'end':
        if (this.#state === 'header' && event.error) this.#answerHeader(undefined, undefined);
        this.#close({ error: event.error });
    }
  }

  #do(...actions: readonly S2sAction[]): void {
    for (const action of actions) {
      if (action.kind === 'close') this.#close(action);
      else this.#actions.push(action);
    }
  }

  #send(element: Element): void {
    this.#actions.push({ kind: 'send', element });
  }

  #close({ error, reason }: { error?: StreamError | undefined; reason?: StreamError }): void {
    this.#state = 'closed';
    this.#actions.push({ kind: 'close', error, reason });
  }

  #fail(error: unknown): void {
    if (!(error instanceof StreamError || error instanceof XmlError)) this.#options.reportError(error);
    if (this.#state === 'header') this.#answerHeader(undefined, undefined);
    this.#close({ error: asStreamError(error) });
  }

  #open(header: Element, defaultNamespace: string | undefined): void {
    if (this.#state !== 'header') throw new StreamError('invalid-xml', 'a stream header inside a stream');
    const [from, to] = [domainIn(header, 'from'), domainIn(header, 'to')];
    this.#answerHeader(from, to);
    if (!header.is('stream', NS.stream)) throw new StreamError('invalid-namespace', 'expected a stream header');
    if (defaultNamespace !== NS.server) {
      throw new StreamError('invalid-namespace', `the default namespace must be ${NS.server}`);
    }
    if (header.attribute('version')?.startsWith('1.') !== true) {
      throw new StreamError('unsupported-version', 'only XMPP 1.0 is spoken here');
    }
    if (header.attribute('from') !== undefined && from === undefined) {
      throw new StreamError('improper-addressing', 'a stream between servers is from a domain');
    }
    if (to === undefined) throw new StreamError('improper-addressing', 'a stream between servers is to a domain');
    const { isLocal } = this.#options;
    if (!isLocal(to)) throw new StreamError('host-unknown', `${to} is not served here`);
    if (from !== undefined) this.#checkSender(from);
    this.#from = from;
    if (this.#authenticated !== undefined) {
      if (from !== this.#authenticated) throw new StreamError('invalid-from', `not ${this.#authenticated} any more`);
      this.#do(this.#responder.accept({ from, to }, 'certificate'));
    }
    this.#send(this.#features());
  }

  #checkSender(domain: string): void {
    if (this.#options.isLocal(domain)) throw new StreamError('invalid-from', `${domain} is served here`);
    if (!this.#options.isAllowed(domain)) throw new StreamError('policy-violation', `${domain} is not welcome here`);
  }

  #answerHeader(from: string | undefined, to: string | undefined): void {
    this.#streamId = this.#options.newStreamId();
    const own = to !== undefined && this.#options.isLocal(to) ? to : this.#options.defaultDomain;
    this.#actions.push({ kind: 'open', header: { id: this.#streamId, from: own, to: from } });
    this.#state = 'open';
  }

  /** @see RFC 6120 §4.3.2 */
  #features(): Element {
    const encrypted = this.#certificate !== undefined;
    const required = this.#options.requireTls && !encrypted;
    const starttls = encrypted ? undefined : xml('starttls', { xmlns: NS.tls }, required ? xml('required') : undefined);
    const unauthenticated = this.#authenticated === undefined;
    return xml(
      'features',
      { xmlns: NS.stream },
      starttls,
      !required && unauthenticated && this.#mayAuthenticate(this.#from)
        ? xml('mechanisms', { xmlns: NS.sasl }, xml('mechanism', {}, 'EXTERNAL'))
        : undefined,
      unauthenticated ? bidirectionalFeature() : undefined,
      required ? undefined : dialbackFeature(),
    );
  }

  #mayAuthenticate(domain: string | undefined): boolean {
    return domain !== undefined && this.#certificate?.speaksFor(domain) === true;
  }

  #frame(frame: Frame): void {
    if (this.#state !== 'open') throw new StreamError('bad-format', 'expected a stream header');
    const { name, namespace } = frame.head;
    if (namespace === NS.server) this.#stanza(frame);
    else if (namespace === DIALBACK) this.#dialback(frame.element);
    else if (namespace === NS.stream && name === 'error')
      this.#close({ reason: StreamError.fromElement(frame.element) });
    else if (namespace === NS.tls && name === 'starttls') this.#startTls();
    else if (namespace === NS.sasl && this.#authenticated === undefined) this.#authenticate(frame.element);
    else if (namespace === BIDIRECTIONAL && name === 'bidi') {
      // It comes before authentication, or not at all.
      if (!this.isAuthorized && this.#authenticated === undefined) this.#bidirectional = true;
    } else if (!this.isAuthorized) throw new StreamError('not-authorized', 'authenticate first');
    else throw new StreamError('unsupported-stanza-type', `<${name} xmlns='${namespace}'/> is no stanza`);
  }

  #stanza(frame: Frame): void {
    const { isLocal, parseJid } = this.#options;
    const { from, to } = stanzaAddresses(frame, this.#responder, isLocal, parseJid);
    this.#actions.push({ kind: 'stanza', frame, from, to });
  }

  #dialback(element: Element): void {
    this.#do(
      ...this.#responder.request(decodeDialback(element), {
        streamId: this.#streamId,
        encrypted: this.#certificate !== undefined,
        certificate: this.#certificate,
      }),
    );
  }

  #startTls(): void {
    if (this.#certificate !== undefined || this.#responder.isAuthorized) {
      this.#send(xml('failure', { xmlns: NS.tls }));
      this.#close({});
      return;
    }
    this.#send(xml('proceed', { xmlns: NS.tls }));
    this.#actions.push({ kind: 'startTls' });
    this.#state = 'handshake';
    this.#bidirectional = false;
  }

  #authenticate(element: Element): void {
    try {
      if (this.#certificate === undefined) throw new SaslError('encryption-required', 'use STARTTLS first');
      if (element.name === 'abort') throw new SaslError('aborted');
      const given = element.text.trim();
      if (element.name === 'auth') {
        if (element.attribute('mechanism') !== 'EXTERNAL') throw new SaslError('invalid-mechanism', 'use EXTERNAL');
        if (given === '') {
          // No initial response: ask for it with an empty challenge (RFC 6120 §6.4.2).
          this.#challenged = true;
          this.#send(xml('challenge', { xmlns: NS.sasl }, '='));
          return;
        }
      } else if (element.name !== 'response') {
        throw new StreamError('unsupported-stanza-type', `<${element.name}/> in SASL`);
      } else if (!this.#challenged) throw new SaslError('malformed-request', 'there is no exchange to respond to');
      this.#challenged = false;
      this.#authenticated = this.#authorizationIdentity(given);
      this.#send(xml('success', { xmlns: NS.sasl }));
      this.#actions.push({ kind: 'restart' });
      this.#state = 'header';
    } catch (error) {
      if (!(error instanceof SaslError)) throw error;
      this.#challenged = false;
      this.#send(error.toElement());
      if (++this.#failures >= MAX_AUTH_FAILURES) {
        throw new StreamError('policy-violation', 'too many failed attempts to authenticate');
      }
    }
  }

  /** The domain the other side speaks for: that of the stream header, which it may repeat. @see XEP-0178 §3 */
  #authorizationIdentity(given: string): string {
    const decoded = given === '=' ? '' : decode(given);
    const domain = decoded === '' ? this.#from : domainOf(decoded);
    if (domain === undefined || (this.#from !== undefined && domain !== this.#from)) {
      throw new SaslError('invalid-authzid', 'this is not the domain of the stream');
    }
    this.#checkSender(domain);
    if (!this.#mayAuthenticate(domain)) throw new SaslError('not-authorized', `the certificate is not of ${domain}`);
    return domain;
  }
}

function decode(base64: string): string {
  const bytes = decodeBase64(base64);
  if (!bytes) throw new SaslError('incorrect-encoding', 'this is no Base64');
  try {
    return text.decode(bytes);
  } catch {
    throw new SaslError('incorrect-encoding', 'this is no UTF-8');
  }
}

function domainIn(header: Element, attribute: string): string | undefined {
  return domainOf(header.attribute(attribute));
}

function domainOf(address: string | undefined): string | undefined {
  const jid = Jid.tryParse(address);
  return jid && jid.local === undefined && jid.resource === undefined ? jid.domain : undefined;
}
