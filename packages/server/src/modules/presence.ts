import { type Jid, presence as presenceElement, StanzaError } from '@thingward/xmpp';
import type { PresenceHandler } from '../handlers.ts';
import type { ServerContext, ServerModule } from '../module.ts';
import type { RosterEntry } from '../roster-store.ts';
import type { Session } from '../session.ts';
import { parseStanza, stanzaText } from '../session-store.ts';
import { Stanza } from '../stanza.ts';
import { inbound, isSubscriptionType, outbound, type SubscriptionType } from '../subscription.ts';
import { pushRosterItem } from './roster.ts';

/** Availability and subscriptions. @see RFC 6121 §3, §4 */
export const presence: ServerModule = {
  name: 'presence',
  start(context) {
    context.router.handlePresence(new PresenceRouter(context));
    context.hooks.rememberSessions({
      name: 'presence',
      save: ({ available }) => available && stanzaText(available),
      restore: (session, saved) => {
        session.available = parseStanza(saved as string);
        session.priority = priorityOf(session.available);
      },
    });
  },
};

class PresenceRouter implements PresenceHandler {
  readonly #context: ServerContext;
  /** Changes of subscriptions happen one after the other: each reads and writes states of two accounts. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: ServerContext) {
    this.#context = context;
  }

  get #limits() {
    return this.#context.config.limits;
  }

  async fromClient(stanza: Stanza, session: Session): Promise<void> {
    const { type, to } = stanza;
    if (isSubscriptionType(type)) {
      if (to) await this.#serially(() => this.#subscriptionFromClient(type, to.bare, stanza, session));
      return;
    }
    if (type === undefined || type === 'unavailable') {
      if (to) await this.#direct(stanza, to, session);
      else if (type === undefined) await this.#available(stanza, session);
      else await this.#unavailable(stanza, session);
      return;
    }
    if (type === 'probe' && to) await this.#probed(to, session.jid);
    else if (type === 'error' && to) await this.#context.router.route(stanza);
    else if (type !== 'error' && type !== 'probe') {
      this.#context.router.reject(
        Stanza.made(stanza.element.with({ type: undefined }), stanza.from, stanza.to),
        new StanzaError('bad-request', `"${type}" is no type of presence`),
      );
    }
  }

  async toAccount(stanza: Stanza): Promise<void> {
    const to = stanza.to as Jid;
    if (isSubscriptionType(stanza.type)) {
      const { type } = stanza;
      await this.#serially(() => this.#subscriptionToAccount(type, stanza.from.bare, to, stanza));
    } else if (stanza.type === 'probe') {
      await this.#probed(to, stanza.from);
    } else {
      for (const session of this.#context.sessions.availableOf(to.local as string)) session.send(stanza);
    }
  }

  async sessionEnded(session: Session): Promise<void> {
    if (session.available || session.directed.size > 0) {
      await this.#unavailable(Stanza.made(presenceElement('unavailable', {}), session.jid, undefined), session);
    }
    await this.#context.hooks.sessionEnded(session);
  }

  /** @see RFC 6121 §4.2, §4.4 */
  async #available(stanza: Stanza, session: Session): Promise<void> {
    const isInitial = session.available === undefined;
    session.available = stanza;
    session.priority = priorityOf(stanza);
    const { rosters } = this.#context;
    const entries = await rosters.entries(session.localpart);
    await this.#broadcast(stanza, session, entries);
    if (isInitial) await this.#showContacts(session, entries);
    await this.#context.hooks.available(session, isInitial);
  }

  /** What a session that has just become available is to know. @see RFC 6121 §4.2.2, §3.1.3 */
  async #showContacts(session: Session, entries: readonly RosterEntry[]): Promise<void> {
    const { sessions } = this.#context;
    for (const other of sessions.availableOf(session.localpart)) {
      if (other !== session) session.send(addressed(other.available as Stanza, session.jid));
    }
    for (const entry of entries) {
      if (entry.to) await this.#probe(session, entry.contact);
      if (entry.pendingIn) {
        session.send(Stanza.made(presenceElement('subscribe', {}), entry.contact, session.jid.bare));
      }
    }
  }

  /** @see RFC 6121 §4.5 */
  async #unavailable(stanza: Stanza, session: Session): Promise<void> {
    const wasAvailable = session.available !== undefined;
    session.available = undefined;
    for (const target of session.directed) {
      void this.#context.router.route(addressed(stanza, this.#context.router.parseJid(target)));
    }
    session.directed.clear();
    if (!wasAvailable) return;
    await this.#broadcast(stanza, session, await this.#context.rosters.entries(session.localpart));
    await this.#context.hooks.unavailable(session, stanza);
  }

  /** To all who may see it, and the account's own clients. */
  async #broadcast(stanza: Stanza, session: Session, entries: readonly RosterEntry[]): Promise<void> {
    const { hooks, router, sessions } = this.#context;
    const recipients: Jid[] = [];
    for (const { contact, from } of entries) {
      if (from && (await hooks.showsPresence(session.localpart, contact))) recipients.push(contact);
    }
    for (const copy of Stanza.copies(stanza.element, stanza.from, recipients)) void router.route(copy);
    const own = sessions.availableOf(session.localpart);
    for (const copy of Stanza.copies(
      stanza.element,
      stanza.from,
      own.map(({ jid }) => jid),
    )) {
      sessions.get(copy.to as Jid)?.send(copy);
    }
  }

  /** @see RFC 6121 §4.6 */
  async #direct(stanza: Stanza, to: Jid, session: Session): Promise<void> {
    const address = to.toString();
    if (stanza.type === 'unavailable') session.directed.delete(address);
    else if (session.directed.has(address) || session.directed.size < this.#limits.maxDirectedPresence)
      session.directed.add(address);
    else {
      this.#context.router.reject(stanza, new StanzaError('resource-constraint', 'too many directed presences'));
      return;
    }
    await this.#context.router.route(stanza);
  }

  /** Asks for the presence of a contact on behalf of a client. @see RFC 6121 §4.3 */
  async #probe(session: Session, contact: Jid): Promise<void> {
    const { domain, router } = this.#context;
    if (contact.domain === domain) await this.#showTo(contact, session.jid);
    else await router.route(Stanza.made(presenceElement('probe', {}), session.jid.bare, contact));
  }

  /** @see RFC 6121 §4.3.2 */
  async #probed(to: Jid, prober: Jid): Promise<void> {
    const { local, domain } = to;
    if (local === undefined || domain !== this.#context.domain) return;
    const instead = await this.#showTo(to, prober);
    if (instead) void this.#context.router.route(Stanza.made(presenceElement(instead, {}), to.bare, prober));
  }

  /**
   * Sends the presence of an account to one who may see it.
   * @returns what is to be told where there is nothing to show, to those who have asked
   */
  async #showTo(to: Jid, prober: Jid): Promise<'unsubscribed' | 'unavailable' | undefined> {
    const { hooks, rosters, sessions, router, domain } = this.#context;
    if (to.domain !== domain || to.local === undefined) return undefined;
    const isOwn = prober.bare.equals(to.bare);
    if (!isOwn && !(await hooks.showsPresence(to.local, prober))) return undefined;
    if (!isOwn && !(await rosters.entry(to.local, prober.bare)).from) return 'unsubscribed';
    const available = sessions.availableOf(to.local);
    for (const session of available) void router.route(addressed(session.available as Stanza, prober));
    return available.length === 0 && !isOwn ? 'unavailable' : undefined;
  }

  /** @see RFC 6121 §3.1.2, §3.2.2, §3.3.2 */
  async #subscriptionFromClient(type: SubscriptionType, contact: Jid, stanza: Stanza, session: Session): Promise<void> {
    const { rosters, router } = this.#context;
    const { localpart } = session;
    const own = session.jid.bare;
    const entry = await rosters.entry(localpart, contact);
    if (contact.equals(own)) {
      router.reject(
        Stanza.made(stanza.element.with({ type: undefined }), session.jid, contact),
        new StanzaError('not-allowed', 'nobody subscribes to oneself'),
      );
      return;
    }
    if (!entry.inRoster && type === 'subscribe' && (await rosters.count(localpart)) >= this.#limits.maxRosterEntries) {
      router.reject(
        Stanza.made(stanza.element.with({ type: undefined }), session.jid, contact),
        new StanzaError('resource-constraint', `a roster has at most ${this.#limits.maxRosterEntries} entries`),
      );
      return;
    }
    const { state, forward } = outbound(entry, type);
    const changed: RosterEntry = { ...entry, ...state, inRoster: entry.inRoster || type === 'subscribe' || state.from };
    await this.#save(localpart, entry, changed);
    if (!forward) return;
    const outgoing = Stanza.made(stanza.element, own, contact);
    if (contact.domain === this.#context.domain && contact.local !== undefined) {
      if (await this.#isLetIn(outgoing, contact.local)) {
        await this.#subscriptionToAccount(type, own, contact, outgoing);
      }
    } else {
      await router.route(outgoing);
    }
    if (type === 'subscribed') this.#showPresence(localpart, contact);
    if (state.from && !entry.from) this.#context.hooks.presenceGranted(localpart, contact);
    if (type === 'unsubscribed' && entry.from) this.#hidePresence(localpart, contact);
  }

  /** Do those that see what an account receives let it pass? Presence with a type is not answered. */
  async #isLetIn(stanza: Stanza, localpart: string): Promise<boolean> {
    if (!this.#context.router.admits(stanza)) return false;
    try {
      return (await this.#context.hooks.receiving(stanza, localpart)) !== undefined;
    } catch (error) {
      if (error instanceof StanzaError) return false;
      throw error;
    }
  }

  /** @see RFC 6121 §3.1.3, §3.2.3, §3.3.3 */
  async #subscriptionToAccount(type: SubscriptionType, contact: Jid, to: Jid, stanza: Stanza): Promise<void> {
    const { rosters, accounts, sessions, router } = this.#context;
    const localpart = to.local as string;
    if (!(await accounts.exists(localpart))) return;
    const entry = await rosters.entry(localpart, contact);
    const { state, forward, reply } = inbound(entry, type);
    const isNew = type === 'subscribe' && state.pendingIn && !entry.pendingIn;
    if (isNew && (await rosters.count(localpart)) >= this.#limits.maxRosterEntries) return;
    if (isNew && (await this.#context.hooks.isApproved(localpart, stanza.element))) {
      await this.#approve(localpart, to.bare, entry);
      return;
    }
    await this.#save(localpart, entry, { ...entry, ...state });
    // Not awaited: the reply changes a subscription itself, after this one.
    if (reply) void router.route(Stanza.made(presenceElement(reply, {}), to.bare, contact));
    if (forward) {
      const incoming = Stanza.made(stanza.element, contact, to.bare);
      for (const session of sessions.availableOf(localpart)) session.send(incoming);
    }
    if (type === 'unsubscribe' && entry.from) this.#hidePresence(localpart, contact);
  }

  /** Lets a contact see the account, and asks to see it in turn, as the account has agreed before. @see XEP-0379 §3.5 */
  async #approve(localpart: string, own: Jid, entry: RosterEntry): Promise<void> {
    const { hooks, router } = this.#context;
    const { contact, to } = entry;
    await this.#save(localpart, entry, { ...entry, from: true, pendingIn: false, pendingOut: !to, inRoster: true });
    // Not awaited: they change subscriptions themselves, after this one.
    for (const type of to ? ['subscribed' as const] : ['subscribed' as const, 'subscribe' as const]) {
      void router.route(Stanza.made(presenceElement(type, {}), own, contact));
    }
    this.#showPresence(localpart, contact);
    hooks.presenceGranted(localpart, contact);
  }

  /** Stores what changed and tells the account's clients where they can see it. */
  async #save(localpart: string, before: RosterEntry, after: RosterEntry): Promise<void> {
    const { rosters } = this.#context;
    const isEmpty = !after.inRoster && !after.pendingIn && !after.pendingOut && !after.from && !after.to;
    if (isEmpty) await rosters.remove(localpart, after.contact);
    else await rosters.save(localpart, after);
    const visible = ['to', 'from', 'pendingOut', 'inRoster'] as const;
    if (after.inRoster && visible.some((key) => before[key] !== after[key])) {
      await pushRosterItem(this.#context, localpart, after);
    }
  }

  #showPresence(localpart: string, contact: Jid): void {
    const { sessions, router } = this.#context;
    for (const session of sessions.availableOf(localpart))
      void router.route(addressed(session.available as Stanza, contact));
  }

  #hidePresence(localpart: string, contact: Jid): void {
    const { sessions, router } = this.#context;
    for (const session of sessions.availableOf(localpart)) {
      void router.route(Stanza.made(presenceElement('unavailable', {}), session.jid, contact));
    }
  }

  #serially(change: () => Promise<void>): Promise<void> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function addressed(stanza: Stanza, to: Jid): Stanza {
  return Stanza.made(stanza.element, stanza.from, to);
}

/** @see RFC 6121 §4.7.2.3 */
function priorityOf({ element }: Stanza): number {
  const value = Number.parseInt(element.child('priority')?.text ?? '0', 10);
  return Number.isInteger(value) ? Math.max(-128, Math.min(127, value)) : 0;
}
