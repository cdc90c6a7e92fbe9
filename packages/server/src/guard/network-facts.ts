import { isChange, type KnownThing, type LiveFacts, NO_RELATION, type Relation } from '@thingward/guard';
import { type ProvisioningTables, type RegistryTables, tagsOfStored } from '@thingward/services';
import { type Element, Element as XmlElement } from '@thingward/xml';
import { Jid, type Logger } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import type { AccountRoles } from '../roles/account-roles.ts';
import type { RosterStore } from '../roster-store.ts';
import type { Stanza } from '../stanza.ts';

export interface NetworkFactsOptions {
  readonly domain: string;
  /** With the tables of the registry and of provisioning, where those are services of this server. */
  readonly database: Kysely<RegistryTables & ProvisioningTables>;
  readonly rosters: RosterStore;
  readonly isLocal: (domain: string) => boolean;
  readonly roles: Pick<AccountRoles, 'of' | 'list'>;
  /** Something about who belongs to whom has changed. */
  readonly onChange: () => void;
  readonly log: Logger;
}

const DISCOVERY = /^urn:(xmpp:iot:discovery|(nf|ieee):iot:disco:1\.0)$/;
const REGISTRY_TABLE = 'registry_things';
/** Answers of provisioning to Things. @see XEP-0324 §3 */
const ANSWERS = new Set(['isFriendResponse', 'canReadResponse', 'canControlResponse']);
const RULES_TABLE = 'provisioning_rules';
/** JIDs whose entries are read again at a time. */
const MAX_TOUCHED = 500;
const MAX_REQUESTS = 5000;

/**
 * What the server knows for policies: Things and owners from the registry, rules of provisioning, rosters. The registry's part is in memory,
 * and what the registry changes is read again before its answer goes out, so that nothing is decided by what was before.
 */
export class NetworkFacts implements LiveFacts {
  readonly #options: NetworkFactsOptions;
  readonly #registry: string;
  readonly #provisioning: string;
  readonly #things = new Map<string, Map<string, KnownThing>>();
  /** JIDs that requests to the registry are about, until they are answered; the oldest is forgotten first. */
  readonly #requests = new Map<string, ReadonlySet<string>>();
  #ready: Promise<void> | undefined;
  #hasRegistry = false;
  #hasRules = false;

  constructor(options: NetworkFactsOptions) {
    this.#options = options;
    this.#registry = `registry.${options.domain}`;
    this.#provisioning = `provisioning.${options.domain}`;
  }

  /** While entries are read: decisions wait. */
  get ready(): Promise<void> | undefined {
    return this.#ready;
  }

  /** Reads what the registry has. */
  async start(): Promise<void> {
    const tables = new Set((await this.#options.database.introspection.getTables()).map(({ name }) => name));
    this.#hasRegistry = tables.has(REGISTRY_TABLE);
    this.#hasRules = tables.has(RULES_TABLE);
    if (this.#hasRegistry) await this.#read(undefined);
  }

  isRegistered(jid: string): boolean {
    return this.#things.has(jid);
  }

  thing(jid: string, node: string | undefined): KnownThing | undefined {
    return this.#things.get(jid)?.get(node ?? '');
  }

  nodesOf(jid: string): readonly string[] {
    const nodes = this.#things.get(jid);
    return nodes ? [...nodes.keys()].filter((node) => node !== '') : [];
  }

  isLocal(domain: string): boolean {
    return this.#options.isLocal(domain);
  }

  rolesOf(jid: string): readonly string[] {
    const { domain, roles } = this.#options;
    return jid.endsWith(`@${domain}`) ? roles.of(jid.slice(0, -domain.length - 1)) : [];
  }

  roleHolders(): readonly string[] {
    const { domain, roles } = this.#options;
    return roles.list().map(({ localpart }) => `${localpart}@${domain}`);
  }

  /** What a meta tag of Things says, of all of them. */
  tagged(names: readonly string[]): readonly string[] {
    return [...this.#things.values()].flatMap((nodes) =>
      [...nodes.values()].flatMap(({ tags = {} }) => names.flatMap((name) => tags[name] ?? [])),
    );
  }

  async relation(
    principal: string,
    thing: string,
    node: string | undefined,
    owner: string | undefined,
  ): Promise<Relation> {
    const requester = Jid.tryParse(principal);
    if (!requester) return NO_RELATION;
    const [friendship, ownerEntry, rules] = await Promise.all([
      this.#entry(thing, requester),
      owner === undefined ? undefined : this.#entry(owner, requester),
      owner === undefined ? [] : this.#rules(requester, thing, node, owner),
    ]);
    return {
      isFriend: friendship?.from ?? false,
      rosterGroups: ownerEntry?.groups ?? [],
      // A rule that counts once, or until some time, ends without anybody being told.
      isFleeting: rules.some(({ once, until_ms }) => once !== 0 || until_ms !== null),
      ownerAllows: (action, name) => {
        const isReading = !isChange(action);
        const now = Date.now();
        const rule = rules.find(
          ({ kind, until_ms }) =>
            kind === (isReading ? 'read' : 'control') && (until_ms === null || Number(until_ms) > now),
        );
        if (!rule || rule.is_allowed === 0) return false;
        return rule.names === null || (name !== undefined && (JSON.parse(rule.names) as string[]).includes(name));
      },
    };
  }

  /** Does what comes from there tell of changes? */
  isToldBy({ domain }: Jid): boolean {
    return domain === this.#registry || domain === this.#provisioning;
  }

  /** To be called with each stanza of whom `isToldBy` is true. */
  told(stanza: Stanza): void {
    if (stanza.from.domain === this.#provisioning) {
      // Whatever it says but for answers to Things' questions may come of a rule that was changed.
      if (!ANSWERS.has(stanza.payload?.name ?? '')) this.#options.onChange();
      return;
    }
    if (!this.#hasRegistry) return;
    const key = requestKey(stanza.to, stanza.id);
    const isAnswer = stanza.kind === 'iq' && !stanza.isIqRequest();
    const jids = new Set(isAnswer ? this.#requests.get(key) : undefined);
    if (isAnswer) this.#requests.delete(key);
    if (stanza.to) jids.add(stanza.to.bare.toString());
    if (stanza.payload) for (const payload of stanza.element.elements) addJids(payload, jids);
    const reading = (this.#ready ?? Promise.resolve())
      .then(() => this.#read([...jids]))
      .catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'the registry could not be read for the guard');
      })
      .finally(() => {
        if (this.#ready === reading) this.#ready = undefined;
      });
    this.#ready = reading;
  }

  /** To be called with each request that is looked into: those to the registry change what it has. */
  asked(stanza: Stanza): void {
    if (!stanza.payload || !DISCOVERY.test(stanza.payload.namespace)) return;
    const jids = new Set([stanza.from.bare.toString()]);
    addJids(stanza.element, jids);
    const oldest = this.#requests.size >= MAX_REQUESTS ? this.#requests.keys().next().value : undefined;
    if (oldest !== undefined) this.#requests.delete(oldest);
    this.#requests.set(requestKey(stanza.from, stanza.id), jids);
  }

  #entry(account: string, contact: Jid) {
    const jid = Jid.tryParse(account);
    if (jid?.local === undefined || jid.domain !== this.#options.domain) return undefined;
    return this.#options.rosters.entry(jid.local, contact);
  }

  /** The rules that decide, the one for the fewest first. */
  async #rules(requester: Jid, thing: string, node: string | undefined, owner: string) {
    if (!this.#hasRules) return [];
    const scopes = [requester.bare.toString(), `@${requester.domain}`, ''];
    const rules = await this.#options.database
      .selectFrom('provisioning_rules')
      .select(['kind', 'requester', 'is_allowed', 'names', 'once', 'until_ms'])
      .where('jid', '=', thing)
      .where('node_id', '=', node ?? '')
      .where('owner', '=', owner)
      .where('requester', 'in', scopes)
      .execute();
    return rules.sort((a, b) => scopes.indexOf(a.requester) - scopes.indexOf(b.requester));
  }

  /** @param jids only theirs; all when undefined */
  async #read(jids: readonly string[] | undefined): Promise<void> {
    let things = this.#options.database.selectFrom('registry_things').select(['jid', 'node_id', 'owner', 'tags']);
    if (jids) things = things.where('jid', 'in', jids);
    const rows = await things.execute();
    if (jids) for (const jid of jids) this.#things.delete(jid);
    else this.#things.clear();
    for (const { jid, node_id, owner, tags } of rows) {
      const nodes = this.#things.get(jid) ?? new Map<string, KnownThing>();
      nodes.set(node_id, { owner: owner ?? undefined, tags: textsOf(tags) });
      this.#things.set(jid, nodes);
    }
    this.#options.onChange();
  }
}

/** The string tags of a Thing, by name; undefined when it has none. */
function textsOf(stored: string): Readonly<Record<string, string>> | undefined {
  const texts = tagsOfStored(stored).flatMap(({ name, value }) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return texts.length === 0 ? undefined : Object.fromEntries(texts);
}

function requestKey(requester: Jid | undefined, id: string | undefined): string {
  return `${id}\n${requester}`;
}

/** Bare JIDs that elements name. */
function addJids(element: Element, jids: Set<string>): void {
  if (jids.size >= MAX_TOUCHED) return;
  const jid = Jid.tryParse(element.attribute('jid'));
  if (jid) jids.add(jid.bare.toString());
  for (const child of element.children) if (child instanceof XmlElement) addJids(child, jids);
}
