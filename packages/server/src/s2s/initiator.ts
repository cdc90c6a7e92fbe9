import { type Element, encodeUtf8, type Frame, XmlError, xml } from '@thingward/xml';
import {
  asStreamError,
  BIDIRECTIONAL_FEATURE,
  bidirectionalRequest,
  DIALBACK,
  DIALBACK_FEATURE,
  type Dialback,
  type DomainPair,
  decodeDialback,
  encodeBase64,
  encodeDialback,
  type Jid,
  NS,
  StanzaError,
  StreamError,
} from '@thingward/xmpp';
import { DialbackResponder, type ResponderPolicy } from './dialback-responder.ts';
import { inverse, type PeerCertificate, pairKey, type S2sAction, type S2sEvent, type S2sMachine } from './events.ts';
import { stanzaAddresses } from './stanza-addresses.ts';

export interface InitiatorOptions extends ResponderPolicy {
  /** The pair the stream is opened for. */
  readonly pair: DomainPair;
  /** Must the other side's certificate prove its domain? Else its address does, as in dialback. */
  readonly requireCertificate: boolean;
  readonly makeKey: (pair: DomainPair, streamId: string) => string;
  readonly parseJid: (text: string) => Jid;
  /** Told of errors that are bugs, not the other side's. */
  readonly reportError: (error: unknown) => void;
}

interface Features {
  readonly external: boolean;
  readonly dialback: boolean;
  /** Takes further pairs, and refuses one without ending the stream. @see XEP-0220 §2.4.2 */
  readonly dialbackErrors: boolean;
  readonly bidirectional: boolean;
}

const NO_FEATURES: Features = { external: false, dialback: false, dialbackErrors: false, bidirectional: false };

type Command = Extract<S2sEvent, { kind: 'authorize' | 'verify' }>;

/**
 * The initiating side of a stream between servers: STARTTLS, then for the pair it was opened for SASL EXTERNAL or else dialback,
 * and dialback for further pairs and for the verification of keys. Pure: events in, actions out.
 * @see RFC 6120 §4, §5, §6, XEP-0178 §3, XEP-0220 §2.1, §2.6, XEP-0288
 */
export class S2sInitiator implements S2sMachine {
  readonly #options: InitiatorOptions;
  readonly #responder: DialbackResponder;
  #state: 'start' | 'header' | 'features' | 'starttls' | 'handshake' | 'sasl' | 'ready' | 'closed' = 'start';
  #streamId = '';
  #certificate: PeerCertificate | undefined;
  #features = NO_FEATURES;
  #declaresDialback = false;
  #triedExternal = false;
  #authenticated = false;
  #bidirectional = false;
  readonly #granted = new Set<string>();
  readonly #requested = new Map<string, DomainPair>();
  readonly #verifying = new Set<string>();
  /** Waits until the stream is ready. */
  #waiting: Command[] = [];
  #actions: S2sAction[] = [];

  constructor(options: InitiatorOptions) {
    this.#options = options;
    this.#responder = new DialbackResponder(options);
  }

  /** Can it carry a pair beside the one it was opened for, if the other side agrees? */
  get takesMorePairs(): boolean {
    return this.#state === 'ready' && this.#features.dialbackErrors;
  }

  /** Is it good for a pair, or may it become so? */
  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  handle(event: S2sEvent): readonly S2sAction[] {
    if (this.#state === 'closed') return [];
    this.#actions = [];
    try {
      this.#take(event);
    } catch (error) {
      if (!(error instanceof StreamError || error instanceof XmlError)) this.#options.reportError(error);
      this.#close({ error: asStreamError(error) });
    }
    return this.#actions;
  }

  #take(event: S2sEvent): void {
    switch (event.kind) {
      case 'connected':
        this.#start();
        break;
      case 'secured':
        this.#certificate = event.certificate;
        this.#start();
        break;
      case 'open':
        this.#opened(event.header, event.bindings);
        break;
      case 'frame':
        this.#frame(event.frame);
        break;
      case 'close':
        this.#close({});
        break;
      case 'checked':
        this.#do(...this.#responder.checked(event.pair, event.outcome));
        break;
      case 'end':
        this.#close({ error: event.error });
        break;
      case 'authorize':
      case 'verify':
        if (this.#state === 'ready') this.#command(event);
        else this.#waiting.push(event);
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

  #close({ error, reason }: { error?: StreamError | undefined; reason?: StreamError | undefined }): void {
    this.#state = 'closed';
    this.#actions.push({ kind: 'close', error, reason });
  }

  #start(): void {
    const { from, to } = this.#options.pair;
    this.#actions.push({ kind: 'open', header: { from, to } });
    this.#state = 'header';
  }

  #opened(header: Element, bindings: Readonly<Record<string, string>>): void {
    if (this.#state !== 'header') throw new StreamError('invalid-xml', 'a stream header inside a stream');
    if (!header.is('stream', NS.stream) || bindings[''] !== NS.server) {
      throw new StreamError('invalid-namespace', 'expected the stream header of a server');
    }
    if (header.attribute('version')?.startsWith('1.') !== true) {
      throw new StreamError('unsupported-version', 'only XMPP 1.0 is spoken here');
    }
    this.#streamId = header.attribute('id') ?? '';
    this.#declaresDialback = Object.values(bindings).includes(DIALBACK);
    this.#state = 'features';
  }

  #frame(frame: Frame): void {
    const { name, namespace } = frame.head;
    const state = this.#state;
    if (namespace === NS.stream && name === 'error') {
      this.#close({ reason: StreamError.fromElement(frame.element) });
    } else if (namespace === NS.stream && name === 'features' && state === 'features') {
      this.#offered(frame.element);
    } else if (namespace === NS.tls && state === 'starttls') {
      this.#startTls(name);
    } else if (namespace === NS.sasl && state === 'sasl') {
      this.#sasl(name);
    } else if (namespace === DIALBACK && (state === 'ready' || state === 'sasl')) {
      // The answer to an earlier request may come while SASL is under way.
      this.#dialback(decodeDialback(frame.element));
    } else if (namespace === NS.server && state === 'ready') {
      const { isLocal, parseJid } = this.#options;
      this.#actions.push({ kind: 'stanza', frame, ...stanzaAddresses(frame, this.#responder, isLocal, parseJid) });
    } else {
      throw new StreamError('unsupported-stanza-type', `<${name} xmlns='${namespace}'/> is out of place`);
    }
  }

  /** @see RFC 6120 §5.4.2 */
  #startTls(answer: string): void {
    if (answer !== 'proceed') throw new StreamError('unsupported-feature', 'the server refused STARTTLS');
    this.#state = 'handshake';
    this.#actions.push({ kind: 'startTls' });
  }

  /** @see RFC 6120 §4.3.2, RFC 7590 §3 */
  #offered(features: Element): void {
    const encrypted = this.#certificate !== undefined;
    if (!encrypted && features.child('starttls', NS.tls)) {
      this.#send(xml('starttls', { xmlns: NS.tls }));
      this.#state = 'starttls';
      return;
    }
    if (!encrypted && this.#options.requireTls) {
      throw new StreamError('unsupported-feature', 'the server offers no TLS');
    }
    const { from, to } = this.#options.pair;
    if (this.#options.requireCertificate && !this.#certificate?.speaksFor(to)) {
      throw new StreamError('not-authorized', `the certificate is not of ${to}`);
    }
    this.#features = this.#read(features);
    this.#state = 'ready';
    this.#actions.push({ kind: 'ready' });
    if (this.#authenticated) this.#grant({ from, to });
    this.#proceed();
  }

  #read(features: Element): Features {
    const mechanisms = features.child('mechanisms', NS.sasl)?.childrenNamed('mechanism') ?? [];
    const dialback = features.child('dialback', DIALBACK_FEATURE);
    return {
      external: mechanisms.some(({ text }) => text.trim() === 'EXTERNAL'),
      dialback: dialback !== undefined || this.#declaresDialback,
      dialbackErrors: dialback?.child('errors') !== undefined,
      bidirectional: features.child('bidi', BIDIRECTIONAL_FEATURE) !== undefined,
    };
  }

  /** Goes on with what has waited, until something must be waited for. */
  #proceed(): void {
    while (this.#state === 'ready') {
      const command = this.#waiting.shift();
      if (!command) return;
      this.#command(command);
    }
  }

  #command(command: Command): void {
    if (command.kind === 'verify') {
      const { pair, id, key } = command;
      this.#verifying.add(verification(pair, id));
      this.#send(encodeDialback({ kind: 'verify', ...pair, id, key }));
    } else if (this.#granted.has(pairKey(command.pair))) {
      this.#actions.push({ kind: 'granted', pair: command.pair });
    } else {
      this.#authorize(command.pair);
    }
  }

  #authorize(pair: DomainPair): void {
    const isFirst = !this.#authenticated && this.#granted.size === 0 && this.#requested.size === 0;
    if (isFirst) this.#askForBoth();
    const mayUseExternal = this.#features.external && this.#certificate !== undefined && !this.#triedExternal;
    if (isFirst && mayUseExternal && pairKey(pair) === pairKey(this.#options.pair)) {
      this.#triedExternal = true;
      this.#state = 'sasl';
      this.#requested.set(pairKey(pair), pair);
      const identity = encodeBase64(encodeUtf8(pair.from));
      this.#send(xml('auth', { xmlns: NS.sasl, mechanism: 'EXTERNAL' }, identity));
    } else if (this.#features.dialback) {
      this.#requestByDialback(pair);
    } else {
      this.#refuse(
        pair,
        new StanzaError('remote-server-timeout', `${pair.to} accepts neither certificate nor dialback`),
      );
    }
  }

  /** @see XEP-0288 §2.2 */
  #askForBoth(): void {
    if (!this.#features.bidirectional || this.#bidirectional) return;
    this.#bidirectional = true;
    this.#send(bidirectionalRequest());
  }

  #requestByDialback(pair: DomainPair): void {
    this.#requested.set(pairKey(pair), pair);
    const key = this.#options.makeKey(pair, this.#streamId);
    this.#send(encodeDialback({ kind: 'result', ...pair, key }));
  }

  #grant(pair: DomainPair): void {
    this.#requested.delete(pairKey(pair));
    this.#granted.add(pairKey(pair));
    this.#actions.push({ kind: 'granted', pair });
    if (!this.#bidirectional) return;
    const method = this.#certificate?.speaksFor(pair.to) ? 'certificate' : 'dialback';
    this.#actions.push(this.#responder.accept(inverse(pair), method));
  }

  #refuse(pair: DomainPair, error: StanzaError): void {
    this.#requested.delete(pairKey(pair));
    this.#actions.push({ kind: 'refused', pair, error });
  }

  /** @see RFC 6120 §6.4, XEP-0178 §3 */
  #sasl(name: string): void {
    const { pair } = this.#options;
    if (name === 'success') {
      this.#authenticated = true;
      this.#actions.push({ kind: 'restart' });
      this.#start();
    } else if (name === 'challenge') {
      this.#send(xml('response', { xmlns: NS.sasl }, encodeBase64(encodeUtf8(pair.from))));
    } else {
      this.#state = 'ready';
      this.#requested.delete(pairKey(pair));
      this.#authorize(pair);
      this.#proceed();
    }
  }

  #dialback(dialback: Dialback): void {
    const { kind, from, to, outcome } = dialback;
    if (outcome === undefined) {
      if (kind === 'result' && !this.#bidirectional) {
        throw new StreamError('not-authorized', 'this stream goes one way only');
      }
      const encrypted = this.#certificate !== undefined;
      const context = { streamId: this.#streamId, encrypted, certificate: this.#certificate };
      this.#do(...this.#responder.request(dialback, context));
      return;
    }
    // What nobody asked for is no answer (XEP-0220 §3.1).
    const pair = { from: to, to: from };
    if (dialback.kind === 'verify') {
      if (!this.#verifying.delete(verification(pair, dialback.id))) return;
      this.#actions.push({ kind: 'verified', pair, id: dialback.id, outcome });
      return;
    }
    if (!this.#requested.has(pairKey(pair))) return;
    if (outcome === 'valid') this.#grant(pair);
    else if (outcome === 'invalid') {
      this.#refuse(pair, new StanzaError('remote-server-timeout', `${pair.to} does not believe this is ${pair.from}`));
    } else {
      const why = outcome.text === undefined ? outcome.condition : `${outcome.condition} (${outcome.text})`;
      this.#refuse(pair, new StanzaError('remote-server-timeout', `${pair.to} refuses ${pair.from}: ${why}`));
    }
  }
}

function verification(pair: DomainPair, id: string): string {
  return `${pairKey(pair)} ${id}`;
}
