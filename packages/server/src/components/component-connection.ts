import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Element, type Frame, type StreamEvent, xml } from '@thingward/xml';
import { asStreamError, COMPONENT, Jid, NS, StanzaError, StreamError } from '@thingward/xmpp';
import { TurnShare } from '../loop-turns.ts';
import { Stanza } from '../stanza.ts';
import type { ComponentHub } from './component-hub.ts';
import type { ComponentInstance, ComponentRoute } from './component-route.ts';

/** A transport as a component's connection uses it. */
export interface ComponentTransport {
  readonly remote: string;
  openStream(header: { readonly id: string; readonly from: string }): void;
  send(element: Element): void;
  sendStanza(stanza: Stanza): void;
  nextEvent(): StreamEvent | undefined;
  resume(): void;
  authenticated(): void;
  closeStream(error?: StreamError): void;
}

/** One component's connection from its first byte to its last. @see XEP-0114 §3 */
export class ComponentConnection implements ComponentInstance {
  readonly #hub: ComponentHub;
  readonly #transport: ComponentTransport;
  readonly #authTimer: NodeJS.Timeout;
  readonly #share: TurnShare;
  #streamId: string | undefined;
  #domain = '';
  #route: ComponentRoute | undefined;
  #busy = false;
  #ended = false;

  constructor(hub: ComponentHub, transport: ComponentTransport) {
    this.#hub = hub;
    this.#transport = transport;
    this.#share = new TurnShare(hub.turns);
    hub.connected(this);
    this.#authTimer = setTimeout(
      () => this.#fail(new StreamError('connection-timeout', 'no handshake in time')),
      hub.limits.authTimeoutMs,
    );
  }

  get isBusy(): boolean {
    return this.#busy;
  }

  sendStanza(stanza: Stanza): void {
    this.#transport.sendStanza(stanza);
  }

  get domain(): string {
    return this.#route ? this.#domain : '';
  }

  shutDown(error: StreamError): void {
    this.#fail(error);
  }

  pump(): void {
    this.#share.begin();
    while (!this.#busy && !this.#ended) {
      if (!this.#share.take()) {
        this.#await(nextTurn());
        return;
      }
      try {
        const event = this.#transport.nextEvent();
        if (!event) return;
        const work = this.#take(event);
        if (work) this.#await(work);
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
  }

  ended(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#authTimer);
    this.#hub.disconnected(this);
    if (!this.#route) return;
    this.#route.remove(this);
    this.#hub.log.info({ component: this.#domain }, 'component left');
  }

  #await(work: Promise<void>): void {
    this.#busy = true;
    void (async () => {
      try {
        await work;
      } catch (error) {
        this.#fail(error);
      }
      if (this.#hub.turns.isLong) await nextTurn();
      this.#busy = false;
      this.#transport.resume();
      this.pump();
    })();
  }

  #take(event: StreamEvent): void | Promise<void> {
    if (event.kind === 'close') return this.#transport.closeStream();
    if (event.kind === 'open') return this.#open(event.header, event.bindings['']);
    if (!this.#route) return this.#authenticate(event.frame);
    return this.#stanza(event.frame, this.#route);
  }

  #open(header: Element, namespace: string | undefined): void {
    if (this.#streamId !== undefined) throw new StreamError('invalid-xml', 'a stream header inside a stream');
    this.#domain = Jid.tryParse(header.attribute('to'))?.toString() ?? '';
    const route = this.#hub.route(this.#domain);
    this.#answerHeader(route ? this.#domain : this.#hub.router.domain.toString());
    if (!header.is('stream', NS.stream) || namespace !== COMPONENT) {
      throw new StreamError('invalid-namespace', `the default namespace must be ${COMPONENT}`);
    }
    if (!route)
      throw new StreamError('host-unknown', `no component ${header.attribute('to') ?? ''} is configured here`);
  }

  #answerHeader(from: string): void {
    this.#streamId = this.#hub.newStreamId();
    this.#transport.openStream({ id: this.#streamId, from });
  }

  #authenticate({ element }: Frame): void {
    if (!element.is('handshake', COMPONENT)) throw new StreamError('not-authorized', 'the handshake comes first');
    if (!this.#hub.isProof(this.#domain, this.#streamId as string, element.text.trim())) {
      this.#hub.log.warn({ component: this.#domain, remote: this.#transport.remote }, 'a component has a wrong secret');
      throw new StreamError('not-authorized', 'wrong secret');
    }
    if (!this.#hub.hasRoom(this.#domain)) {
      throw new StreamError('conflict', `${this.#domain} is connected already`);
    }
    clearTimeout(this.#authTimer);
    this.#transport.authenticated();
    this.#transport.send(xml('handshake', { xmlns: NS.client }));
    this.#route = this.#hub.route(this.#domain);
    this.#route?.add(this);
    this.#hub.log.info({ component: this.#domain, remote: this.#transport.remote }, 'component connected');
  }

  #stanza(frame: Frame, route: ComponentRoute): void | Promise<void> {
    const { name, namespace, attributes } = frame.head;
    if (namespace === NS.stream && name === 'error') return this.#transport.closeStream();
    if (namespace !== COMPONENT || !(name === 'iq' || name === 'message' || name === 'presence')) {
      throw new StreamError('unsupported-stanza-type', `<${name} xmlns='${namespace}'/> is no stanza`);
    }
    const from = this.#address(attributes.from, 'from');
    if (from.domain !== route.jid.domain) {
      throw new StreamError('invalid-from', `this stream speaks for ${route.jid} only`);
    }
    const { router } = this.#hub;
    if (attributes.to === undefined) throw new StreamError('improper-addressing', 'a stanza needs a "to"');
    const to = Jid.tryParse(attributes.to);
    const stanza = Stanza.received(frame, from, to);
    if (!to) {
      const answer = router.refusal(stanza, new StanzaError('jid-malformed', `"${attributes.to}" is no address`));
      if (answer) this.sendStanza(answer);
      return;
    }
    route.sent(stanza, this);
    return router.fromRemote(stanza);
  }

  #address(text: string | undefined, name: string): Jid {
    const jid = Jid.tryParse(text);
    if (jid) return jid;
    throw new StreamError('improper-addressing', `a stanza needs a "${name}"`);
  }

  #fail(error: unknown): void {
    const streamError = asStreamError(error);
    if (streamError.condition === 'internal-server-error') {
      this.#hub.log.error({ err: error, component: this.#domain }, 'a stanza of a component could not be handled');
    }
    if (this.#streamId === undefined) this.#answerHeader(this.#hub.router.domain.toString());
    this.#transport.closeStream(streamError);
  }
}
