import { type Element, xml } from '@thingward/xml';
import { Jid } from './jid.ts';
import { NS } from './namespaces.ts';
import type { Unsubscribe, XmppPeer } from './peer.ts';
import { presence } from './stanza.ts';
import { StanzaError } from './stanza-error.ts';

/** Stream feature of servers that tell the version of a roster. @see RFC 6121 §2.6 */
export const ROSTER_VERSIONING = 'urn:xmpp:features:rosterver';

/** @see RFC 6121 §2.1.2.5 */
export type Subscription = 'none' | 'to' | 'from' | 'both' | 'remove';
const SUBSCRIPTIONS: readonly string[] = ['none', 'to', 'from', 'both', 'remove'];

/** One item of a roster. @see RFC 6121 §2.1.2 */
export interface RosterItem {
  readonly jid: Jid;
  readonly name?: string | undefined;
  readonly subscription: Subscription;
  /** We have asked to subscribe and were not answered yet. */
  readonly ask: boolean;
  readonly groups: readonly string[];
}

/** An available resource of a contact. @see RFC 6121 §4.7.2 */
export interface ResourcePresence {
  readonly priority: number;
  readonly show?: string | undefined;
}

export interface Contact extends RosterItem {
  readonly resources: ReadonlyMap<string, ResourcePresence>;
}

export function encodeRosterItem({ jid, name, subscription, ask, groups }: RosterItem): Element {
  return xml(
    'item',
    { jid: jid.toString(), name, subscription, ask: ask ? 'subscribe' : undefined },
    groups.map((group) => xml('group', {}, group)),
  );
}

/** @throws StanzaError `bad-request` when it is no roster item */
export function decodeRosterItem(item: Element): RosterItem {
  const jid = Jid.tryParse(item.attribute('jid'));
  const subscription = item.attribute('subscription') ?? 'none';
  if (!jid) throw new StanzaError('bad-request', 'a roster item needs the JID of a contact');
  if (!SUBSCRIPTIONS.includes(subscription)) {
    throw new StanzaError('bad-request', `"${subscription}" is no subscription state`);
  }
  return {
    jid: jid.bare,
    name: item.attribute('name'),
    subscription: subscription as Subscription,
    ask: item.attribute('ask') === 'subscribe',
    groups: item.childrenNamed('group').map((group) => group.text),
  };
}

/** Requests that wait for an answer; more are left to the server, which repeats them at the next log-in. */
const MAX_WAITING_REQUESTS = 1000;

/** The own roster and the presence of those in it, kept up to date. Create it before the peer goes online. @see RFC 6121 §2, §4 */
export class Roster {
  readonly #peer: XmppPeer;
  readonly #items = new Map<string, RosterItem>();
  readonly #resources = new Map<string, Map<string, ResourcePresence>>();
  readonly #listeners = new Set<() => void>();
  #loaded = false;

  constructor(peer: XmppPeer) {
    this.#peer = peer;
    // Where the session goes on, all that has changed meanwhile is told.
    peer.onOnline((isResumed) => (isResumed && this.#loaded ? undefined : this.#load()));
    peer.onIq('set', { name: 'query', namespace: NS.roster }, ({ from, payload }) => {
      // Only the own server may push (RFC 6121 §2.1.6).
      if (!from.equals(peer.jid.bare) && from.toString() !== peer.jid.domain)
        throw new StanzaError('service-unavailable');
      this.#update(payload);
      this.#changed();
      return undefined;
    });
    peer.onPresence(({ from, type, stanza }) => {
      if (from.resource === undefined || (type !== undefined && type !== 'unavailable' && type !== 'error')) return;
      this.#present(from, type === undefined ? stanza : undefined);
      this.#changed();
    });
  }

  /** Contacts by bare JID, with the resources that are available now. */
  get contacts(): ReadonlyMap<string, Contact> {
    return new Map(
      [...this.#items].map(([key, item]) => [key, { ...item, resources: this.#resources.get(key) ?? new Map() }]),
    );
  }

  /** Was the roster fetched since the peer went online? */
  get isLoaded(): boolean {
    return this.#loaded;
  }

  onChange(handler: () => void): Unsubscribe {
    this.#listeners.add(handler);
    return () => this.#listeners.delete(handler);
  }

  /** Full JID of the available resource of highest priority; undefined when none is available to us. */
  fullJidOf(bare: Jid): Jid | undefined {
    const resources = [...(this.#resources.get(bare.bare.toString()) ?? [])];
    const [best] = resources.sort(([, a], [, b]) => b.priority - a.priority);
    return best && bare.withResource(best[0]);
  }

  /**
   * Waits until a resource of the contact is available.
   * @throws StanzaError `recipient-unavailable` when none came in time
   */
  waitForResource(
    bare: Jid,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<Jid> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: Jid | Error) => {
        clearTimeout(timer);
        stop();
        signal?.removeEventListener('abort', abort);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const abort = () => settle(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      const check = () => {
        const jid = this.fullJidOf(bare);
        if (jid) settle(jid);
      };
      const timer = setTimeout(
        () => settle(new StanzaError('recipient-unavailable', this.#whyUnavailable(bare))),
        timeoutMs,
      );
      const stop = this.onChange(check);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
      check();
    });
  }

  /** Asks for a contact's presence. @see RFC 6121 §3.1 */
  subscribe(bare: Jid): void {
    this.#peer.send(presence('subscribe', { to: bare.bare, from: this.#peer.jid.bare }));
  }

  /** Gives a contact a name of our own. @throws StanzaError @see RFC 6121 §2.4 */
  async rename(bare: Jid, name: string): Promise<void> {
    const key = bare.bare.toString();
    const groups = this.#items.get(key)?.groups ?? [];
    const item = xml(
      'item',
      { jid: key, name },
      groups.map((group) => xml('group', {}, group)),
    );
    await this.#peer.request('set', undefined, xml('query', { xmlns: NS.roster }, item));
  }

  /**
   * Lets those see us whom we see or have asked to see, whenever they ask for it: what an owner's client does for its Things.
   * Their request may come before or after ours.
   */
  reciprocate(): Unsubscribe {
    const waiting = new Map<string, Jid>();
    const answer = () => {
      for (const [key, jid] of waiting) {
        const item = this.#items.get(key);
        if (!item || !(item.ask || item.subscription === 'to' || item.subscription === 'both')) continue;
        waiting.delete(key);
        this.#peer.send(presence('subscribed', { to: jid, from: this.#peer.jid.bare }));
      }
    };
    const stops = [
      this.#peer.onPresence(({ from, type }) => {
        if (type !== 'subscribe' || waiting.size >= MAX_WAITING_REQUESTS) return;
        waiting.set(from.bare.toString(), from.bare);
        answer();
      }),
      this.onChange(answer),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Takes a contact out, ending subscriptions both ways. @throws StanzaError @see RFC 6121 §2.5 */
  async remove(bare: Jid): Promise<void> {
    const item = xml('item', { jid: bare.bare.toString(), subscription: 'remove' });
    await this.#peer.request('set', undefined, xml('query', { xmlns: NS.roster }, item));
  }

  async #load(): Promise<void> {
    this.#resources.clear();
    const result = await this.#peer.request('get', undefined, xml('query', { xmlns: NS.roster }));
    this.#items.clear();
    if (result) this.#update(result);
    this.#loaded = true;
    this.#changed();
  }

  #update(query: Element): void {
    for (const element of query.childrenNamed('item')) {
      const item = decodeRosterItem(element);
      const key = item.jid.toString();
      if (item.subscription === 'remove') {
        this.#items.delete(key);
        this.#resources.delete(key);
      } else {
        this.#items.set(key, item);
      }
    }
  }

  #present(from: Jid, available: Element | undefined): void {
    const key = from.bare.toString();
    const resources = this.#resources.get(key) ?? new Map<string, ResourcePresence>();
    if (available) {
      const priority = Number.parseInt(available.child('priority')?.text ?? '0', 10) || 0;
      resources.set(from.resource as string, { priority, show: available.child('show')?.text });
    } else {
      resources.delete(from.resource as string);
    }
    if (resources.size > 0) this.#resources.set(key, resources);
    else this.#resources.delete(key);
  }

  #whyUnavailable(bare: Jid): string {
    const item = this.#items.get(bare.bare.toString());
    if (item?.subscription === 'to' || item?.subscription === 'both') return `${bare.bare} is offline`;
    return `${bare.bare} does not show its presence to ${this.#peer.jid.bare}: it is no friend of yours`;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
