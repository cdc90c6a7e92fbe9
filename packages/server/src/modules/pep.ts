import {
  type Contact,
  DEFAULT_NODE_CONFIG,
  type InterestedContact,
  isSqlite,
  PUBSUB,
  PUBSUB_OWNER,
  PubSubEngine,
  type PubSubTables,
  pubsubMigrations,
  SHOW_VALUES,
  type ShowValue,
} from '@thingward/services';
import { DATA_FORM_NAMESPACE, DataFormError, decodeDataForm, type Jid, StanzaError } from '@thingward/xmpp';
import { type Kysely, type Migration, sql } from 'kysely';
import { Capabilities } from '../capabilities.ts';
import { FairQueue } from '../fair-queue.ts';
import { PASSES_DATA } from '../hooks.ts';
import type { ServerContext, ServerModule } from '../module.ts';
import { RemotePresence } from '../remote-presence.ts';
import type { RosterEntry } from '../roster-store.ts';
import type { Session } from '../session.ts';
import { Stanza } from '../stanza.ts';

/** The nodes of an account go with it, even when another process removes it. */
const removalMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    // Not LIKE: a localpart may have its wildcards.
    const isOld = sql.raw(`substr(host, 1, length(old.localpart) + 1) = old.localpart || '@'`);
    const rows = sql`select id from pubsub_nodes where ${isOld}`;
    if (!isSqlite(database)) {
      await sql`create function pubsub_account_remove() returns trigger language plpgsql as $remove$ begin
        delete from pubsub_items where node_id in (${rows});
        delete from pubsub_subscriptions where node_id in (${rows});
        delete from pubsub_affiliations where node_id in (${rows});
        delete from pubsub_redirects where ${isOld};
        delete from pubsub_nodes where ${isOld};
        return null;
      end $remove$`.execute(database);
      await sql`create trigger pubsub_account_removed after delete on account
        for each row execute function pubsub_account_remove()`.execute(database);
      return;
    }
    await sql`create trigger pubsub_account_removed after delete on account begin
      delete from pubsub_items where node_id in (${rows});
      delete from pubsub_subscriptions where node_id in (${rows});
      delete from pubsub_affiliations where node_id in (${rows});
      delete from pubsub_redirects where ${isOld};
      delete from pubsub_nodes where ${isOld};
    end`.execute(database);
  },
};

/** What follows presence, by account: under way at the same time, and waiting; waiting of all accounts. */
const MAX_RUNNING = 50;
const MAX_WAITING = 1000;
const MAX_RUNNING_IN_ALL = 10_000;
const MAX_WAITING_IN_ALL = 20_000;

/** Every account is a publish-subscribe service. @see XEP-0163 */
export const pep: ServerModule = {
  name: 'pep',
  migrations: { ...pubsubMigrations, '2026-11-24-server-pep': removalMigration },
  start(context) {
    const service = new PersonalEventing(context);
    service.start();
    return () => service.stop();
  },
};

class PersonalEventing {
  readonly #context: ServerContext;
  readonly #engine: PubSubEngine;
  readonly #capabilities: Capabilities;
  readonly #remote = new RemotePresence();
  readonly #background: FairQueue<() => Promise<void>>;
  /** What clients wanted to hear of when they last showed themselves. */
  readonly #interests = new WeakMap<Session, ReadonlySet<string>>();

  constructor(context: ServerContext) {
    this.#background = new FairQueue({
      turns: context.turns,
      run: (task) => this.#inBackground(task),
      maxRunning: MAX_RUNNING,
      maxWaiting: () => MAX_WAITING,
      // Each sender is an account, and by itself.
      maxRunningOfGroup: MAX_RUNNING,
      maxWaitingOfGroup: MAX_WAITING,
      maxRunningInAll: MAX_RUNNING_IN_ALL,
      maxInAll: MAX_WAITING_IN_ALL,
    });
    const { router, database, domain, log } = context;
    this.#context = context;
    this.#capabilities = new Capabilities((stanza) => void router.route(stanza));
    this.#engine = new PubSubEngine({
      database: database.withTables<PubSubTables>(),
      profile: {
        scope: { accountsOf: domain },
        defaultConfig: {
          ...DEFAULT_NODE_CONFIG,
          accessModel: 'presence',
          maxItems: 1,
          sendLastPublishedItem: 'on_sub_and_presence',
        },
        mayCreate: (host, jid) => jid.bare.equals(host),
      },
      environment: {
        contact: (owner, jid) => this.#contact(owner, jid),
        // Those of other servers count as online: their servers know better, and drop what is a headline.
        presence: { showsOf: (jid) => this.#showsOf(jid), watch: () => undefined },
        interested: (host, node) => this.#interested(host, node),
        view: context.policies.view,
        deliver: ({ host, message, recipients }) => {
          queueMicrotask(() => {
            for (const stanza of Stanza.copies(message, host, recipients)) void router.route(stanza);
          });
        },
      },
      log,
    });
  }

  start(): void {
    this.#answerRequests();
    this.#answerDisco();
    const { hooks, router } = this.#context;
    hooks.onSending((stanza) => this.#sending(stanza), PASSES_DATA);
    hooks.onReceiving((stanza, localpart) => this.#receiving(stanza, localpart), PASSES_DATA);
    // Nobody waits for these: presence goes its way.
    hooks.onAvailable((session, isInitial) => {
      this.#later(session.localpart, () => this.#cameOnline(session, isInitial));
    });
    hooks.onPresenceGranted((localpart, contact) => {
      this.#later(localpart, () => this.#wasGranted(localpart, contact));
    });
    hooks.onUnavailable(({ jid, localpart }) => {
      const isLast = this.#context.sessions.availableOf(localpart).length === 0;
      void this.#inBackground(() => this.#engine.wentOffline(jid, isLast));
    });
    hooks.onAccountRemoved(async (localpart) => {
      this.#remote.forget(localpart);
      await this.#engine.removeHost(router.accountJid(localpart));
    });
    this.#engine.start();
  }

  async stop(): Promise<void> {
    this.#capabilities.stop();
    await this.#engine.stop();
  }

  #answerRequests(): void {
    for (const namespace of [PUBSUB, PUBSUB_OWNER]) {
      for (const type of ['get', 'set'] as const) {
        this.#context.router.onAccountIq(type, 'pubsub', namespace, ({ from, to, element }) => {
          const payload = element.child('pubsub', namespace);
          if (!payload) throw new StanzaError('bad-request');
          return this.#engine.handle((to as Jid).bare, { type, from, payload });
        });
      }
    }
  }

  #answerDisco(): void {
    const { disco } = this.#context;
    const engine = this.#engine;
    disco.addIdentity('account', { category: 'pubsub', type: 'pep' });
    disco.addFeature('account', ...engine.features);
    disco.addItems('account', async ({ from }, asked) => (await engine.listNodes(asked, from)).items);
    disco.addNode('account', {
      info: (node, { from, to }) => ifFound(() => engine.nodeInfo(to as Jid, node, from)),
      items: (node, { from, to }) => ifFound(() => engine.listItems(to as Jid, node, from)),
    });
  }

  /** An owner answers the question whether somebody may subscribe: a message to the own account. @see XEP-0060 §8.6 */
  #sending(stanza: Stanza): undefined | Promise<'stop' | undefined> {
    const { kind, type, from, to } = stanza;
    if (kind !== 'message' || type === 'error' || !to?.equals(from.bare)) return undefined;
    const x = stanza.element.child('x', DATA_FORM_NAMESPACE);
    return x && this.#answer(from, x);
  }

  async #answer(from: Jid, x: Stanza['element']): Promise<'stop' | undefined> {
    try {
      return (await this.#engine.answerAuthorization(from.bare, from, decodeDataForm(x))) ? 'stop' : undefined;
    } catch (error) {
      if (error instanceof DataFormError) return undefined;
      throw error;
    }
  }

  #receiving(stanza: Stanza, localpart: string): 'stop' | undefined {
    const { kind, type, from, to, id } = stanza;
    if (to?.resource !== undefined) return undefined;
    if (kind === 'iq') return this.#capabilities.takeAnswer(stanza) ? 'stop' : undefined;
    if (kind === 'message') {
      if (type !== 'error' || id === undefined || !to) return undefined;
      const error = StanzaError.fromStanza(stanza.element);
      void this.#inBackground(() => this.#engine.bounced(to, from, id, error));
      return undefined;
    }
    const tells = type === undefined || type === 'unavailable';
    if (!tells || from.resource === undefined || from.domain === this.#context.domain) return undefined;
    const former = this.#remote.receive(stanza, localpart);
    if (type === undefined) this.#later(localpart, () => this.#remoteCameOnline(stanza, localpart, former));
    return undefined;
  }

  /** The last items of its own account, and of its contacts here, to who was not there, or did not care, before. Other servers send theirs themselves. */
  async #cameOnline(session: Session, isInitial: boolean): Promise<void> {
    const { rosters, domain, hooks } = this.#context;
    const own = session.jid.bare;
    const before = isInitial ? undefined : this.#interests.get(session);
    const all = await this.#capabilities.learn(session.available as Stanza, own);
    this.#interests.set(session, all);
    const interests = new Set([...all].filter((node) => !before?.has(node)));
    if (interests.size === 0 || !session.available) return;
    const hosts = [own];
    for (const { contact, to } of await rosters.entries(session.localpart)) {
      if (!to || contact.domain !== domain || contact.local === undefined) continue;
      if (await hooks.showsPresence(contact.local, own)) hosts.push(contact);
    }
    await this.#engine.sendLastItems(session.jid, hosts, [...interests]);
  }

  async #remoteCameOnline(presence: Stanza, localpart: string, former: Stanza | undefined): Promise<void> {
    const own = this.#context.router.accountJid(localpart);
    const all = await this.#capabilities.learn(presence, own);
    const before = former && this.#capabilities.interests(former);
    const interests = [...all].filter((node) => !before?.has(node));
    if (interests.length === 0 || !this.#remote.has(localpart, presence.from)) return;
    if (!(await this.#context.hooks.showsPresence(localpart, presence.from))) return;
    await this.#engine.sendLastItems(presence.from, [own], interests);
  }

  /** The last items to a contact that may see them from now on, where it is there already. @see XEP-0163 §4.3.4 */
  async #wasGranted(localpart: string, contact: Jid): Promise<void> {
    const { router, sessions, hooks, domain } = this.#context;
    const own = router.accountJid(localpart);
    const presences =
      contact.domain === domain
        ? sessions.availableOf(contact.local ?? '').flatMap(({ available }) => available ?? [])
        : [...this.#remote.of(localpart)].filter(({ from }) => from.bare.equals(contact));
    await Promise.all(
      presences.map(async (presence) => {
        const { from } = presence;
        const interests = await this.#capabilities.learn(presence, contact.domain === domain ? contact : own);
        if (interests.size === 0 || !(await hooks.showsPresence(localpart, from))) return;
        await this.#engine.sendLastItems(from, [own], [...interests]);
      }),
    );
  }

  /** @see XEP-0163 §4 */
  async #interested(host: Jid, node: string): Promise<readonly InterestedContact[]> {
    const { rosters, sessions, hooks, domain } = this.#context;
    const localpart = host.local as string;
    const wants = (presence: Stanza | undefined) => presence && this.#capabilities.interests(presence)?.has(node);
    const found: InterestedContact[] = [];
    for (const { jid, available } of sessions.availableOf(localpart)) {
      if (wants(available)) found.push({ jid, contact: { isSubscribedToPresence: true, rosterGroups: [] } });
    }
    const entries = new Map((await rosters.entries(localpart)).map((entry) => [entry.contact.toString(), entry]));
    const candidates: { readonly jid: Jid; readonly entry: RosterEntry | undefined }[] = [];
    for (const entry of entries.values()) {
      if (!entry.from || entry.contact.domain !== domain || entry.contact.local === undefined) continue;
      for (const { jid, available } of sessions.availableOf(entry.contact.local)) {
        if (wants(available)) candidates.push({ jid, entry });
      }
    }
    for (const presence of this.#remote.of(localpart)) {
      if (!wants(presence)) continue;
      candidates.push({ jid: presence.from, entry: entries.get(presence.from.bare.toString()) });
    }
    for (const { jid, entry } of candidates) {
      if (await hooks.showsPresence(localpart, jid)) found.push({ jid, contact: toContact(entry) });
    }
    return found;
  }

  async #contact(owner: Jid, jid: Jid): Promise<Contact> {
    return toContact(await this.#context.rosters.entry(owner.local as string, jid));
  }

  #showsOf(jid: Jid): readonly ShowValue[] {
    const { sessions, domain } = this.#context;
    if (jid.domain !== domain || jid.local === undefined) return ['online'];
    return sessions
      .availableOf(jid.local)
      .filter((session) => jid.resource === undefined || session.jid.equals(jid))
      .map(({ available }) => showOf(available));
  }

  /** Nobody waits for it. What is too much for one account is left out: last items, which are at their nodes still. */
  #later(localpart: string, task: () => Promise<void>): void {
    if (this.#background.add(localpart, task)) return;
    this.#context.log.warn({ localpart }, 'too much presence comes at once: last items are not sent');
  }

  /** No error of it gets lost. */
  async #inBackground(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#context.log.error({ err: error }, 'personal eventing failed to do something');
    }
  }
}

function toContact(entry: RosterEntry | undefined): Contact {
  return { isSubscribedToPresence: entry?.from ?? false, rosterGroups: entry?.groups ?? [] };
}

function showOf(presence: Stanza | undefined): ShowValue {
  const text = presence?.element.child('show')?.text;
  return SHOW_VALUES.find((show) => show === text) ?? 'online';
}

/** Undefined where there is no such node: somebody else may know it. */
async function ifFound<T>(find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof StanzaError && error.condition === 'item-not-found') return undefined;
    throw error;
  }
}
