import { errorReply, iqResult, Jid, type Logger, StanzaError } from '@thingward/xmpp';
import type { PresenceHandler, ServerIqHandler, StanzaReceiver } from './handlers.ts';
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
  readonly #log: Logger;
  readonly #services = new Map<string, StanzaReceiver>();
  readonly #serverIq = new Map<string, ServerIqHandler>();
  readonly #accountIq = new Map<string, ServerIqHandler>();
  readonly #jids = new Map<string, Jid>();
  #presence: PresenceHandler | undefined;
  #routed = 0;

  constructor(domain: Jid, sessions: SessionTable, log: Logger) {
    this.domain = domain;
    this.#sessions = sessions;
    this.#log = log;
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
    if (stanza.kind === 'presence') {
      this.#routed++;
      return this.#presence?.fromClient(stanza, session);
    }
    return this.route(stanza.to ? stanza : readdressed(stanza));
  }

  sessionEnded(session: Session): Promise<void> {
    return this.#presence?.sessionEnded(session) ?? Promise.resolve();
  }

  /** Takes a stanza to its `to`. Never throws. */
  route(stanza: Stanza): void | Promise<void> {
    this.#routed++;
    const to = stanza.to as Jid;
    if (to.domain === this.domain.domain) {
      if (to.local !== undefined) return this.#toAccount(stanza, to);
      if (stanza.isIqRequest()) return this.#answer(stanza, this.#serverIq);
      if (stanza.kind === 'message') this.reject(stanza, new StanzaError('service-unavailable'));
      return;
    }
    const service = this.#services.get(to.domain);
    if (service) service.receive(stanza);
    else this.reject(stanza, new StanzaError('remote-server-not-found', `there is no way to ${to.domain}`));
  }

  /** Sends the error back, where the stanza is one that may be answered. @see RFC 6120 §8.3.1 */
  reject(stanza: Stanza, error: StanzaError): void {
    if (stanza.type === 'error' || (stanza.kind === 'iq' && stanza.type === 'result')) return;
    if (stanza.kind === 'presence' && stanza.type !== undefined) return;
    const from = stanza.to ?? stanza.from.bare;
    this.#back(Stanza.made(errorReply(stanza.element, error), from, stanza.from));
  }

  #back(answer: Stanza): void {
    const { to } = answer;
    if (!to || (to.domain === this.domain.domain && to.local === undefined)) return;
    void this.route(answer);
  }

  #toAccount(stanza: Stanza, to: Jid): void | Promise<void> {
    // Subscriptions and probes are the account's own affair, whatever resource they name (RFC 6121 §3, §4.3).
    if (to.resource !== undefined && !(stanza.kind === 'presence' && isForAccount(stanza.type))) {
      const session = this.#sessions.get(to);
      if (session) session.send(stanza);
      else return this.#toMissingResource(stanza, to);
      return;
    }
    if (stanza.kind === 'presence') return this.#presence?.toAccount(stanza);
    if (stanza.kind === 'message') this.#messageToAccount(stanza, to);
    else if (stanza.isIqRequest()) return this.#answer(stanza, this.#accountIq);
  }

  /** Only a chat goes on with another resource. @see RFC 6121 §8.5.3.2 */
  #toMissingResource(stanza: Stanza, to: Jid): void {
    if (stanza.kind === 'message' && stanza.type === 'chat') {
      this.#messageToAccount(stanza, to);
    } else if (stanza.kind !== 'presence') {
      this.reject(stanza, new StanzaError('service-unavailable', `${to} is not connected`));
    }
  }

  /** @see RFC 6121 §8.5.2.1.1 */
  #messageToAccount(stanza: Stanza, to: Jid): void {
    const reachable = this.#sessions.availableOf(to.local as string).filter(({ priority }) => priority >= 0);
    if (stanza.type === 'headline') {
      for (const session of reachable) session.send(stanza);
      return;
    }
    if (stanza.type === 'error') return;
    const highest = Math.max(...reachable.map(({ priority }) => priority));
    const best = stanza.type === 'groupchat' ? [] : reachable.filter(({ priority }) => priority === highest);
    for (const session of best) session.send(stanza);
    if (best.length === 0) this.reject(stanza, new StanzaError('service-unavailable', `${to.bare} is not connected`));
  }

  #answer(stanza: Stanza, handlers: ReadonlyMap<string, ServerIqHandler>): void | Promise<void> {
    const { payload, type } = stanza;
    const handler = payload && handlers.get(`${type} ${payload.name} ${payload.namespace}`);
    if (!handler) {
      this.reject(stanza, new StanzaError('service-unavailable'));
      return;
    }
    return this.#run(stanza, handler);
  }

  async #run(stanza: Stanza, handler: ServerIqHandler): Promise<void> {
    try {
      const result = await handler(stanza);
      this.#back(Stanza.made(iqResult(stanza.element, result), stanza.to ?? stanza.from.bare, stanza.from));
    } catch (error) {
      if (!(error instanceof StanzaError)) {
        this.#log.error({ err: error, payload: stanza.payload }, 'an IQ handler failed');
      }
      this.reject(stanza, error instanceof StanzaError ? error : new StanzaError('internal-server-error'));
    }
  }
}

/** A stanza without an address is meant for the sender's own account. @see RFC 6120 §10.3 */
function readdressed(stanza: Stanza): Stanza {
  return Stanza.made(stanza.element, stanza.from, stanza.from.bare);
}

function isForAccount(type: string | undefined): boolean {
  return type === 'probe' || isSubscriptionType(type);
}

function register(handlers: Map<string, ServerIqHandler>, key: string, handler: ServerIqHandler): void {
  if (handlers.has(key)) throw new Error(`two handlers for ${key}`);
  handlers.set(key, handler);
}
