import { computed, type ReadonlySignal, signal } from '@preact/signals-core';
import { CONTROL_DIALECTS, READOUT_DIALECTS } from '@thingward/things';
import type { Contact, Jid } from '@thingward/xmpp';
import type { Connection } from './connection.ts';

/** `asked`: we wait for its answer to our friendship; `hidden`: it does not show us its presence. */
export type Availability = 'online' | 'offline' | 'asked' | 'hidden';

/** `unknown` until it was online once: then it is asked what it speaks. */
export type ContactKind = 'thing' | 'other' | 'unknown';

export interface Entry {
  /** Bare JID. */
  readonly jid: Jid;
  readonly name: string;
  readonly availability: Availability;
  readonly kind: ContactKind;
}

/** The contacts in the roster, what they are and whether they are there; and who wants to be one. */
export class Directory {
  readonly #connection: Connection;
  readonly #contacts = signal<ReadonlyMap<string, Contact>>(new Map());
  readonly #isLoaded = signal(false);
  readonly #kinds = signal<ReadonlyMap<string, ContactKind>>(new Map());
  readonly #requests = signal<ReadonlyMap<string, Jid>>(new Map());
  /** Full JIDs that were asked what they are, by bare JID. */
  readonly #asked = new Map<string, string>();
  readonly #stops: (() => void)[];

  /** By name; undefined until the roster is there. */
  readonly entries: ReadonlySignal<readonly Entry[] | undefined>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.entries = computed(() => {
      if (!this.#isLoaded.value) return undefined;
      const kinds = this.#kinds.value;
      return [...this.#contacts.value]
        .filter(([, contact]) => contact.ask || contact.subscription !== 'none')
        .map(([key, contact]) => entryOf(contact, kinds.get(key) ?? 'unknown'))
        .sort((a, b) => a.name.localeCompare(b.name));
    });
    this.#stops = [
      connection.onContacts(() => this.#update()),
      connection.onFriendRequest((from) => this.#requested(from)),
    ];
    this.#update();
  }

  /** Those who ask to see our presence and are not Things of ours. */
  get requests(): ReadonlySignal<ReadonlyMap<string, Jid>> {
    return this.#requests;
  }

  entryOf(bareJid: string): Entry | undefined {
    return this.entries.value?.find(({ jid }) => jid.toString() === bareJid);
  }

  isAvailable(bareJid: string): ReadonlySignal<boolean> {
    return computed(() => (this.#contacts.value.get(bareJid)?.resources.size ?? 0) > 0);
  }

  answer(from: Jid, accept: boolean): void {
    this.#connection.answerFriendRequest(from, accept);
    if (accept && !this.#isFriend(from)) this.#connection.befriend(from);
    const rest = new Map(this.#requests.value);
    rest.delete(from.bare.toString());
    this.#requests.value = rest;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #update(): void {
    this.#contacts.value = this.#connection.contacts;
    this.#isLoaded.value = this.#connection.contactsAreLoaded;
    for (const [key, { jid }] of this.#contacts.value) {
      const full = this.#connection.fullJidOf(jid);
      if (full && this.#asked.get(key) !== full.toString()) {
        this.#asked.set(key, full.toString());
        void this.#ask(key, full);
      }
    }
    for (const key of this.#asked.keys()) if (!this.#contacts.value.has(key)) this.#asked.delete(key);
  }

  async #ask(key: string, full: Jid): Promise<void> {
    try {
      const features = await this.#connection.features(full);
      const isThing = [...READOUT_DIALECTS, ...CONTROL_DIALECTS].some(({ namespace }) => features.includes(namespace));
      this.#kinds.value = new Map(this.#kinds.value).set(key, isThing ? 'thing' : 'other');
    } catch {
      // It stays unknown, and is asked again when its presence changes.
      this.#asked.delete(key);
    }
  }

  /** Things ask for our presence when they have got an owner; whom we asked for theirs may have ours. */
  #requested(from: Jid): void {
    if (this.#isFriend(from)) this.#connection.answerFriendRequest(from, true);
    else this.#requests.value = new Map(this.#requests.value).set(from.bare.toString(), from.bare);
  }

  #isFriend(jid: Jid): boolean {
    const contact = this.#connection.contacts.get(jid.bare.toString());
    return contact !== undefined && (contact.ask || contact.subscription === 'to' || contact.subscription === 'both');
  }
}

function entryOf({ jid, name, ask, subscription, resources }: Contact, kind: ContactKind): Entry {
  return { jid, name: name || (jid.local ?? jid.domain), kind, availability: availability() };

  function availability(): Availability {
    if (resources.size > 0) return 'online';
    if (subscription === 'to' || subscription === 'both') return 'offline';
    return ask ? 'asked' : 'hidden';
  }
}
