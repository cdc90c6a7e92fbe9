import { type Element, xml } from '@thingward/xml';
import { DELAY, encodeDelay, Jid, type Logger, NS, StanzaError } from '@thingward/xmpp';
import type { StanzaTraffic } from './figures/stanza-counts.ts';
import type { PresenceHandler, RemoteRoute, ServerIqHandler, StanzaInspector, StanzaReceiver } from './handlers.ts';
import type { Hooks } from './hooks.ts';
import type { Session, SessionTable } from './session.ts';
import { Stanza } from './stanza.ts';
import { isSubscriptionType } from './subscription.ts';

const MAX_CACHED_JIDS = 10_000;

/**
 * Takes stanzas to where they belong: a session, an account, the server itself, a service. What can't be delivered is answered as
 * RFC 6121 §8 says. Returns a promise only where it must wait; whoever feeds it waits too, so that order is kept.
 */
export class Router {
  readonly domain: Jid;
  readonly #sessions: SessionTable;
  readonly #hooks: Hooks;
  readonly #log: Logger;
  readonly #traffic: StanzaTraffic;
  readonly #services = new Map<string, StanzaReceiver>();
  readonly #serverIq = new Map<string, ServerIqHandler>();
  readonly #accountIq = new Map<string, ServerIqHandler>();
  readonly #jids = new Map<string, Jid>();
  #presence: PresenceHandler | undefined;
  #remote: RemoteRoute | undefined;
  #inspector: StanzaInspector | undefined;
  #serverMessage: ((message: Stanza) => boolean) | undefined;
  #gate: ((stanza: Stanza) => boolean) | undefined;
  #routed = 0;

  constructor(domain: Jid, sessions: SessionTable, hooks: Hooks, log: Logger, traffic: StanzaTraffic) {
    this.domain = domain;
    this.#sessions = sessions;
    this.#hooks = hooks;
    this.#log = log;
    this.#traffic = traffic;
  }

  /** Stanzas taken in since the start. */
  get routedCount(): number {
    return this.#routed;
  }

  get services(): readonly StanzaReceiver[] {
    return [...this.#services.values()];
  }

  addService(service: StanzaReceiver): void {
    if (this.#services.has(service.jid.domain)) throw new Error(`two services at ${service.jid}`);
    this.#services.set(service.jid.domain, service);
  }

  removeService(service: StanzaReceiver): void {
    this.#services.delete(service.jid.domain);
  }

  /** The address of an account of ours. */
  accountJid(localpart: string): Jid {
    return this.parseJid(`${localpart}@${this.domain}`);
  }

  /** Is there a service at this domain? */
  hasService(domain: string): boolean {
    return this.#services.has(domain);
  }

  /** Is the service at this domain one of this process? */
  hosts(domain: string): boolean {
    return this.#services.get(domain)?.isHosted ?? false;
  }

  /** Where stanzas are inspected on their way. */
  setInspector(inspector: StanzaInspector): void {
    this.#inspector = inspector;
  }

  /** Takes messages to the server itself. @param handler says whether it was for it; else it is refused */
  onServerMessage(handler: (message: Stanza) => boolean): void {
    this.#serverMessage = handler;
  }

  /** Takes what is for domains that are not served here. Without it such stanzas are refused. */
  setRemote(route: RemoteRoute | undefined): void {
    this.#remote = route;
  }

  /** @param gate asked whether a stanza may go where it is to go; undefined where everything may */
  setGate(gate: ((stanza: Stanza) => boolean) | undefined): void {
    this.#gate = gate;
  }

  /** May the stanza go where it is to go? */
  admits(stanza: Stanza): boolean {
    return this.#gate === undefined || this.#gate(stanza);
  }

  /** Answers IQ requests to the server itself. */
  onServerIq(type: 'get' | 'set', name: string, namespace: string, handler: ServerIqHandler): void {
    register(this.#serverIq, `${type} ${name} ${namespace}`, handler);
  }

  /** Answers IQ requests to a bare JID of ours, on behalf of the account. @see RFC 6121 §8.5.2.1.3 */
  onAccountIq(type: 'get' | 'set', name: string, namespace: string, handler: ServerIqHandler): void {
    register(this.#accountIq, `${type} ${name} ${namespace}`, handler);
  }

  handlePresence(handler: PresenceHandler): void {
    if (this.#presence) throw new Error('two handlers of presence');
    this.#presence = handler;
  }

  /** The parsed address, from a cache of those seen lately. @throws JidError */
  parseJid(text: string): Jid {
    const known = this.#jids.get(text);
    if (known) return known;
    const jid = Jid.parse(text);
    if (this.#jids.size >= MAX_CACHED_JIDS) this.#jids.clear();
    this.#jids.set(text, jid);
    return jid;
  }

  /** A client of ours sent it. */
  fromClient(stanza: Stanza, session: Session): void | Promise<void> {
    this.#traffic.fromClients.count(stanza.kind);
    // The sender is told of a refusal straight away: what it has blocked must not be asked to carry it.
    const refuse = (error: unknown) => {
      const answer = this.refusal(stanza, this.#asStanzaError(error));
      if (answer) session.send(answer);
    };
    let filtered: ReturnType<Hooks['sending']>;
    try {
      filtered = this.#hooks.sending(stanza, session);
    } catch (error) {
      refuse(error);
      return;
    }
    if (!(filtered instanceof Promise)) return filtered && this.#send(filtered, session);
    return filtered.then((passed) => passed && this.#send(passed, session), refuse);
  }

  #send(stanza: Stanza, session: Session): void | Promise<void> {
    if (stanza.kind === 'presence') {
      this.#routed++;
      return this.#presence?.fromClient(stanza, session);
    }
    return this.route(stanza.to ? stanza : stanza.readdressed(stanza.from.bare));
  }

  /** Another server or an external component sent it; the caller has verified that it may speak for the domain of `from`. */
  fromRemote(stanza: Stanza): void | Promise<void> {
    this.#traffic.fromRemote.count(stanza.kind);
    return this.route(stanza);
  }

  /** A service in this process sent it. */
  fromService(stanza: Stanza): void | Promise<void> {
    this.#traffic.fromServices.count(stanza.kind);
    return this.route(stanza);
  }

  sessionEnded(session: Session): Promise<void> {
    return this.#presence?.sessionEnded(session) ?? Promise.resolve();
  }

  /**
   * A stanza that was given to a session which ended before its client had handled it: a message goes to another resource or
   * is kept, a request is refused, the rest means nothing any more.
   * @see XEP-0198 §4
   */
  returned(stanza: Stanza, from: Jid): void | Promise<void> {
    if (this.#hooks.takesBack(stanza)) return;
    // What comes from the account itself is a copy of something else (XEP-0280).
    const isCopy = stanza.from.equals(from.bare);
    if (stanza.kind === 'message' && !isCopy && stanza.type !== 'headline' && stanza.type !== 'groupchat') {
      return this.#messageToAccount(stanza, from.bare, false);
    }
    if (stanza.isIqRequest()) this.reject(stanza, new StanzaError('service-unavailable', `${from} went away`));
  }

  /** The message as it is delivered later than it was sent. @param since milliseconds since 1970 @see XEP-0203 */
  delayed(stanza: Stanza, since: number): Stanza {
    if (stanza.kind !== 'message') return stanza;
    const { element } = stanza;
    if (element.child('delay', DELAY)) return stanza;
    const delay = encodeDelay({ stamp: new Date(since), from: this.domain });
    return Stanza.made(element.append(delay), stanza.from, stanza.to);
  }

  /** Takes a stanza to its `to`. Never throws. */
  route(stanza: Stanza): void | Promise<void> {
    if (this.#gate === undefined || this.#gate(stanza)) return this.#forward(stanza);
    this.#routed++;
    // Who sends presence to all contacts is not to hear of each that doesn't get it.
    if (stanza.kind !== 'presence')
      this.reject(stanza, new StanzaError('not-allowed', 'there is no traffic between these addresses'));
  }

  /** Past the gate: what answers a stanza that was let in or turned away there goes back in any case. */
  #forward(stanza: Stanza): void | Promise<void> {
    this.#routed++;
    if (this.#inspector?.wants(stanza)) return this.#inspect(stanza, this.#inspector);
    return this.#deliver(stanza);
  }

  #inspect(stanza: Stanza, gate: StanzaInspector): void | Promise<void> {
    const carryOut = (verdict: Stanza | StanzaError | undefined): void | Promise<void> => {
      if (verdict instanceof StanzaError) this.reject(stanza, verdict);
      else return this.#deliver(verdict ?? stanza);
    };
    try {
      const verdict = gate.check(stanza);
      if (!(verdict instanceof Promise)) return carryOut(verdict);
      return verdict.then(carryOut, (error: unknown) => this.#refuse(stanza, error));
    } catch (error) {
      this.#refuse(stanza, error);
    }
  }

  #deliver(stanza: Stanza): void | Promise<void> {
    const to = stanza.to as Jid;
    if (to.domain === this.domain.domain) {
      if (to.local !== undefined) return this.#receive(stanza, to.local);
      if (stanza.isIqRequest()) return this.#answer(stanza, this.#serverIq);
      if (stanza.kind === 'message' && !this.#serverMessage?.(stanza))
        this.reject(stanza, new StanzaError('service-unavailable'));
      return;
    }
    const service = this.#services.get(to.domain);
    if (service) {
      this.#traffic.toServices.count(stanza.kind);
      service.receive(stanza);
    } else if (this.#remote) {
      this.#traffic.toServers.count(stanza.kind);
      this.#remote.send(stanza);
    } else this.reject(stanza, new StanzaError('remote-server-not-found', `there is no way to ${to.domain}`));
  }

  /** Sends the error back, where the stanza is one that may be answered. @see RFC 6120 §8.3.1 */
  reject(stanza: Stanza, error: StanzaError): void {
    const answer = this.refusal(stanza, error);
    if (answer) this.#back(answer);
  }

  /** The error for a stanza; undefined where it must not be answered. @see RFC 6120 §8.3.1 */
  refusal(stanza: Stanza, error: StanzaError): Stanza | undefined {
    const { kind, type, id } = stanza;
    if (type === 'error' || (kind === 'iq' && type === 'result')) return undefined;
    if (kind === 'presence' && type !== undefined) return undefined;
    const from = stanza.to ?? stanza.from.bare;
    return Stanza.made(xml(kind, { xmlns: NS.client, type: 'error', id }, error.toElement()), from, stanza.from);
  }

  #back(answer: Stanza): void {
    const { to } = answer;
    if (!to || (to.domain === this.domain.domain && to.local === undefined)) return;
    void this.#forward(answer);
  }

  #receive(stanza: Stanza, localpart: string): void | Promise<void> {
    let filtered: ReturnType<Hooks['receiving']>;
    try {
      filtered = this.#hooks.receiving(stanza, localpart);
    } catch (error) {
      this.#refuse(stanza, error);
      return;
    }
    if (!(filtered instanceof Promise)) return filtered && this.#toAccount(filtered, filtered.to as Jid);
    return filtered.then(
      (passed) => passed && this.#toAccount(passed, passed.to as Jid),
      (error: unknown) => this.#refuse(stanza, error),
    );
  }

  #refuse(stanza: Stanza, error: unknown): void {
    this.reject(stanza, this.#asStanzaError(error));
  }

  #asStanzaError(error: unknown): StanzaError {
    if (error instanceof StanzaError) return error;
    this.#log.error({ err: error }, 'a stanza could not be handled');
    return new StanzaError('internal-server-error');
  }

  #toAccount(stanza: Stanza, to: Jid): void | Promise<void> {
    // Subscriptions and probes are the account's own affair, whatever resource they name (RFC 6121 §3, §4.3).
    if (to.resource !== undefined && !(stanza.kind === 'presence' && isForAccount(stanza.type))) {
      const session = this.#sessions.get(to);
      if (!session) return this.#toMissingResource(stanza, to);
      session.send(stanza);
      if (stanza.kind === 'message') this.#hooks.messageDelivered(stanza, session.localpart, [session], true);
      return;
    }
    if (stanza.kind === 'presence') return this.#presence?.toAccount(stanza);
    if (stanza.kind === 'message') return this.#messageToAccount(stanza, to);
    if (stanza.isIqRequest()) return this.#answer(stanza, this.#accountIq);
  }

  /** Only a chat goes on with another resource. @see RFC 6121 §8.5.3.2 */
  #toMissingResource(stanza: Stanza, to: Jid): void | Promise<void> {
    if (stanza.kind === 'message' && stanza.type === 'chat') return this.#messageToAccount(stanza, to);
    if (stanza.kind !== 'presence') {
      this.reject(stanza, new StanzaError('service-unavailable', `${to} is not connected`));
    }
  }

  /** @see RFC 6121 §8.5.2.1.1, §8.5.2.2.1 */
  #messageToAccount(stanza: Stanza, to: Jid, isNew = true): void | Promise<void> {
    const localpart = to.local as string;
    if (stanza.type === 'error') return;
    const reachable = this.#sessions.availableOf(localpart).filter(({ priority }) => priority >= 0);
    const chosen = stanza.type === 'groupchat' ? [] : stanza.type === 'headline' ? reachable : best(reachable);
    for (const session of chosen) session.send(stanza);
    if (chosen.length === 0 && stanza.type !== 'headline') return this.#keepOrReject(stanza, localpart, isNew);
    this.#hooks.messageDelivered(stanza, localpart, chosen, isNew);
  }

  async #keepOrReject(stanza: Stanza, localpart: string, isNew: boolean): Promise<void> {
    try {
      if (stanza.type !== 'groupchat' && (await this.#hooks.undeliverable(stanza, localpart, isNew))) return;
    } catch (error) {
      this.#refuse(stanza, error);
      return;
    }
    this.reject(stanza, new StanzaError('service-unavailable', `${localpart}@${this.domain} is not connected`));
  }

  #answer(stanza: Stanza, handlers: ReadonlyMap<string, ServerIqHandler>): void | Promise<void> {
    const { payload, type } = stanza;
    const handler = payload && handlers.get(`${type} ${payload.name} ${payload.namespace}`);
    if (!handler) {
      this.reject(stanza, new StanzaError('service-unavailable'));
      return;
    }
    try {
      const result = handler(stanza);
      if (!(result instanceof Promise)) return this.#answered(stanza, result);
      return result.then(
        (later) => this.#answered(stanza, later),
        (error: unknown) => this.#refuse(stanza, error),
      );
    } catch (error) {
      this.#refuse(stanza, error);
    }
  }

  #answered(request: Stanza, payload: Element | undefined): void {
    this.#back(
      Stanza.made(
        xml('iq', { xmlns: NS.client, type: 'result', id: request.id }, payload),
        request.to ?? request.from.bare,
        request.from,
      ),
    );
  }
}

/** Those with the highest priority. */
function best(sessions: readonly Session[]): readonly Session[] {
  const highest = Math.max(...sessions.map(({ priority }) => priority));
  return sessions.filter(({ priority }) => priority === highest);
}

function isForAccount(type: string | undefined): boolean {
  return type === 'probe' || isSubscriptionType(type);
}

function register(handlers: Map<string, ServerIqHandler>, key: string, handler: ServerIqHandler): void {
  if (handlers.has(key)) throw new Error(`two handlers for ${key}`);
  handlers.set(key, handler);
}
