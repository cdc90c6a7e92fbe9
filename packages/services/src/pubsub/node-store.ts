import { Jid, StanzaError } from '@thingward/xmpp';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { KeyedLock } from '../keyed-lock.ts';
import type { Affiliation } from './affiliation.ts';
import type { MaybePromise } from './environment.ts';
import type { PubSubLimits } from './limits.ts';
import { NodeCache } from './node-cache.ts';
import { DEFAULT_NODE_CONFIG, type NodeConfig } from './node-config.ts';
import { pubsubError } from './pubsub-error.ts';
import { PubSubNode, type Subscription } from './pubsub-node.ts';
import { DEFAULT_SUBSCRIPTION_OPTIONS, type Expiry, type SubscriptionOptions } from './subscription-options.ts';
import type { PubSubNodesTable, PubSubSubscriptionsTable, PubSubTables } from './tables.ts';

/** Which hosts a store looks after: one service, or the accounts of a domain. Other stores may share the tables. */
export type HostScope = { readonly service: Jid } | { readonly accountsOf: string };

/** A subscription with the node it is to. */
export interface SubscriptionAtNode {
  readonly host: Jid;
  readonly node: string;
  readonly subscription: Subscription;
}

/** A node in a list. */
export interface ListedNode {
  readonly node: string;
  readonly title: string;
  /** Does what somebody may learn of it depend on what a roster says? */
  readonly dependsOnRoster: boolean;
}

/**
 * Nodes with their configuration, affiliations and subscriptions: in the database, and those used last in memory too. A change is
 * made in the database first. All changes of a node happen inside `change`, one after the other.
 */
export class NodeStore {
  readonly #database: Kysely<PubSubTables>;
  readonly #scope: HostScope;
  readonly #limits: PubSubLimits;
  readonly #cache: NodeCache;
  readonly #lock = new KeyedLock();

  constructor(database: Kysely<PubSubTables>, scope: HostScope, limits: PubSubLimits) {
    this.#database = database;
    this.#scope = scope;
    this.#limits = limits;
    this.#cache = new NodeCache(limits.cachedEntries);
  }

  /** The node; undefined when there is none. Waits only for what is not in memory. */
  get(host: Jid, id: string): MaybePromise<PubSubNode | undefined> {
    const key = keyOf(host, id);
    return this.#cache.get(key) ?? this.#lock.run(key, () => this.#find(host, id));
  }

  /** Runs a change of the node; those of the same node wait for each other. */
  change<T>(host: Jid, id: string, change: (node: PubSubNode | undefined) => Promise<T>): Promise<T> {
    return this.#lock.run(keyOf(host, id), async () => change(await this.#find(host, id)));
  }

  /** Within `change`, where there was no node. @throws StanzaError `resource-constraint` when the owner has too many */
  async create(
    host: Jid,
    id: string,
    creator: Jid,
    owner: Jid,
    config: NodeConfig,
    createdAt: number,
  ): Promise<PubSubNode> {
    const ownerText = owner.bare.toString();
    const rowId = await this.#database.transaction().execute(async (transaction) => {
      const { count } = await transaction
        .selectFrom('pubsub_affiliations')
        .innerJoin('pubsub_nodes', 'pubsub_nodes.id', 'pubsub_affiliations.node_id')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('pubsub_affiliations.jid', '=', ownerText)
        .where('affiliation', '=', 'owner')
        .where('host', '=', host.toString())
        .executeTakeFirstOrThrow();
      if (Number(count) >= this.#limits.nodesPerOwner) {
        throw pubsubError('max-nodes-exceeded', `at most ${this.#limits.nodesPerOwner} nodes can be owned`);
      }
      const row = { host: host.toString(), node: id, creator: creator.bare.toString(), created_at: createdAt };
      const inserted = await transaction
        .insertInto('pubsub_nodes')
        .values({ ...row, ...configColumns(config) })
        .returning('id')
        .executeTakeFirstOrThrow();
      await transaction
        .insertInto('pubsub_affiliations')
        .values({ node_id: inserted.id, jid: ownerText, affiliation: 'owner' })
        .execute();
      await transaction.deleteFrom('pubsub_redirects').where('host', '=', row.host).where('node', '=', id).execute();
      return inserted.id;
    });
    const node = new PubSubNode(
      { rowId, host, id, creator: creator.bare, createdAt },
      config,
      new Map([[ownerText, 'owner']]),
      [],
    );
    this.#cache.set(keyOf(host, id), node);
    return node;
  }

  /** Within `change`. */
  async configure(node: PubSubNode, config: NodeConfig): Promise<void> {
    await this.#database
      .updateTable('pubsub_nodes')
      .set(configColumns(config))
      .where('id', '=', node.identity.rowId)
      .execute();
    node.config = config;
  }

  /** Within `change`. `none` removes. */
  async setAffiliation(node: PubSubNode, jid: Jid, affiliation: Affiliation): Promise<void> {
    const key = { node_id: node.identity.rowId, jid: jid.bare.toString() };
    if (affiliation === 'none') {
      await this.#database
        .deleteFrom('pubsub_affiliations')
        .where('node_id', '=', key.node_id)
        .where('jid', '=', key.jid)
        .execute();
      node.affiliations.delete(key.jid);
    } else {
      await this.#database
        .insertInto('pubsub_affiliations')
        .values({ ...key, affiliation })
        .onConflict((conflict) => conflict.columns(['node_id', 'jid']).doUpdateSet({ affiliation }))
        .execute();
      node.affiliations.set(key.jid, affiliation);
    }
    this.#weigh(node);
  }

  /** Within `change`. Adds a subscription, or replaces that of the same JID. @throws StanzaError when there are too many */
  async putSubscription(node: PubSubNode, subscription: Subscription): Promise<void> {
    const { jid, subid, state, options } = subscription;
    const values = {
      bare_jid: jid.bare.toString(),
      subid,
      state,
      options: JSON.stringify({ deliver: options.deliver, showValues: options.showValues }),
      expires_at: typeof options.expire === 'number' ? options.expire : null,
      temporary: Number(options.expire === 'presence'),
    };
    if (!node.subscription(jid)) await this.#checkSubscriptionCount(node, values.bare_jid);
    await this.#database
      .insertInto('pubsub_subscriptions')
      .values({ node_id: node.identity.rowId, jid: jid.toString(), ...values })
      .onConflict((conflict) => conflict.columns(['node_id', 'jid']).doUpdateSet(values))
      .execute();
    node.putSubscription(subscription);
    this.#weigh(node);
  }

  /** Within `change`. */
  async removeSubscription(node: PubSubNode, jid: Jid): Promise<void> {
    await this.#database
      .deleteFrom('pubsub_subscriptions')
      .where('node_id', '=', node.identity.rowId)
      .where('jid', '=', jid.toString())
      .execute();
    node.removeSubscription(jid);
    this.#weigh(node);
  }

  /** Within `change`. Removes the node with all that belongs to it. @param redirect a URI where it can be found from now on */
  async remove(node: PubSubNode, redirect: string | undefined): Promise<void> {
    const { rowId } = node.identity;
    const host = node.host.toString();
    await this.#database.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('pubsub_items').where('node_id', '=', rowId).execute();
      await transaction.deleteFrom('pubsub_subscriptions').where('node_id', '=', rowId).execute();
      await transaction.deleteFrom('pubsub_affiliations').where('node_id', '=', rowId).execute();
      await transaction.deleteFrom('pubsub_nodes').where('id', '=', rowId).execute();
      if (redirect !== undefined) await this.#addRedirect(transaction, host, node.id, redirect);
    });
    this.#cache.delete(keyOf(node.host, node.id));
  }

  /** Removes all that belongs to a host that is no more. */
  async removeHost(host: Jid): Promise<void> {
    const rows = await this.#database
      .selectFrom('pubsub_nodes')
      .select('node')
      .where('host', '=', host.toString())
      .execute();
    for (const { node: id } of rows) {
      await this.change(host, id, async (node) => {
        if (node) await this.remove(node, undefined);
      });
    }
    await this.#database.deleteFrom('pubsub_redirects').where('host', '=', host.toString()).execute();
  }

  /** Where a deleted node has gone. */
  async redirectOf(host: Jid, id: string): Promise<string | undefined> {
    const row = await this.#database
      .selectFrom('pubsub_redirects')
      .select('uri')
      .where('host', '=', host.toString())
      .where('node', '=', id)
      .executeTakeFirst();
    return row?.uri;
  }

  /** The node with this row; undefined when it is not one of ours. */
  async nodeOfRow(rowId: number): Promise<{ readonly host: Jid; readonly node: string } | undefined> {
    const row = await this.#database
      .selectFrom('pubsub_nodes')
      .select(['host', 'node'])
      .where('id', '=', rowId)
      .where(this.#inScope())
      .executeTakeFirst();
    return row && { host: Jid.parse(row.host), node: row.node };
  }

  /** All subscriptions of an entity at a host, whatever the resource. */
  async subscriptionsOf(host: Jid, bare: Jid, node?: string): Promise<readonly SubscriptionAtNode[]> {
    let query = this.#subscriptions().where('host', '=', host.toString()).where('bare_jid', '=', bare.bare.toString());
    if (node !== undefined) query = query.where('node', '=', node);
    return (await query.orderBy('node').orderBy('jid').execute()).map(toSubscriptionAtNode);
  }

  /** All affiliations of an entity at a host, but for `none`. @param most how many of them, at most */
  async affiliationsOf(
    host: Jid,
    bare: Jid,
    most: number,
  ): Promise<readonly { readonly node: string; readonly affiliation: Affiliation }[]> {
    const rows = await this.#database
      .selectFrom('pubsub_affiliations')
      .innerJoin('pubsub_nodes', 'pubsub_nodes.id', 'pubsub_affiliations.node_id')
      .select(['node', 'affiliation'])
      .where('host', '=', host.toString())
      .where('jid', '=', bare.bare.toString())
      .orderBy('node')
      .limit(most)
      .execute();
    return rows as { node: string; affiliation: Affiliation }[];
  }

  /** Subscriptions whose lease is over. */
  async expiredSubscriptions(now: number, most: number): Promise<readonly SubscriptionAtNode[]> {
    const query = this.#subscriptions().where('expires_at', '<=', now).where(this.#inScope());
    return (await query.orderBy('expires_at').limit(most).execute()).map(toSubscriptionAtNode);
  }

  /** Subscriptions of an entity that depend on its presence: those that end with it, or get the last item when it begins. */
  async subscriptionsByPresence(bare: Jid, kind: 'temporary' | 'last-item'): Promise<readonly SubscriptionAtNode[]> {
    const query = this.#subscriptions()
      .where('bare_jid', '=', bare.bare.toString())
      .where(kind === 'temporary' ? 'temporary' : 'last_on_presence', '=', 1)
      .where(this.#inScope());
    return (await query.execute()).map(toSubscriptionAtNode);
  }

  /** Whose presence matters: bare JIDs with subscriptions that depend on it, after `after`. */
  async presenceDependents(after: string, most: number): Promise<readonly Jid[]> {
    const rows = await this.#subscriptions()
      .clearSelect()
      .select('bare_jid')
      .distinct()
      .where((where) => where.or([where('temporary', '=', 1), where('last_on_presence', '=', 1)]))
      .where('bare_jid', '>', after)
      .where(this.#inScope())
      .orderBy('bare_jid')
      .limit(most)
      .execute();
    return rows.map(({ bare_jid }) => Jid.parse(bare_jid));
  }

  /** Nodes whose items a publisher takes along when it goes offline. @param publisher a bare JID */
  async nodesPurgedWith(publisher: string): Promise<readonly { readonly host: Jid; readonly node: string }[]> {
    const rows = await this.#database
      .selectFrom('pubsub_nodes')
      .innerJoin('pubsub_items', 'pubsub_items.node_id', 'pubsub_nodes.id')
      .select(['host', 'node'])
      .distinct()
      .where('purge_offline', '=', 1)
      .where('publisher', '=', publisher)
      .where(this.#inScope())
      .execute();
    return rows.map(({ host, node }) => ({ host: Jid.parse(host), node }));
  }

  /** Ids of nodes of any of these hosts whose last item goes to who comes online. */
  async nodesWithLastOnPresence(
    hosts: readonly string[],
    nodes: readonly string[],
  ): Promise<readonly { readonly host: Jid; readonly node: string }[]> {
    if (hosts.length === 0 || nodes.length === 0) return [];
    const rows = await this.#database
      .selectFrom('pubsub_nodes')
      .select(['host', 'node'])
      .where('host', 'in', hosts)
      .where('node', 'in', nodes)
      .where('last_on_presence', '=', 1)
      .execute();
    return rows.map(({ host, node }) => ({ host: Jid.parse(host), node }));
  }

  /**
   * Nodes of a host in the order of their ids, without those that the entity can't learn of whatever a roster says.
   * @param options.after only ids behind this one
   */
  async list(
    host: Jid,
    jid: Jid,
    { after = '', most }: { readonly after?: string | undefined; readonly most: number },
  ): Promise<readonly ListedNode[]> {
    const rows = await this.#database
      .selectFrom('pubsub_nodes')
      .leftJoin('pubsub_affiliations', (join) =>
        join
          .onRef('pubsub_affiliations.node_id', '=', 'pubsub_nodes.id')
          .on('pubsub_affiliations.jid', '=', jid.bare.toString()),
      )
      .select(['node', 'title', 'access_model', 'affiliation'])
      .where('host', '=', host.toString())
      .where('node', '>', after)
      .where((where) =>
        where.or([
          where.and([where('affiliation', 'is', null), where('access_model', '!=', 'whitelist')]),
          where('affiliation', 'in', ['owner', 'publisher', 'member']),
        ]),
      )
      .orderBy('node')
      .limit(most)
      .execute();
    return rows.map(({ node, title, access_model, affiliation }) => ({
      node,
      title,
      dependsOnRoster: affiliation === null && (access_model === 'presence' || access_model === 'roster'),
    }));
  }

  /** Nodes with items that grow old, by row. */
  async expiringNodes(
    after: number,
    most: number,
  ): Promise<readonly { readonly rowId: number; readonly seconds: number }[]> {
    const rows = await this.#database
      .selectFrom('pubsub_nodes')
      .select(['id', 'item_expire'])
      .where('item_expire', 'is not', null)
      .where('id', '>', after)
      .where(this.#inScope())
      .orderBy('id')
      .limit(most)
      .execute();
    return rows.map(({ id, item_expire }) => ({ rowId: id, seconds: Number(item_expire) }));
  }

  #subscriptions() {
    return this.#database
      .selectFrom('pubsub_subscriptions')
      .innerJoin('pubsub_nodes', 'pubsub_nodes.id', 'pubsub_subscriptions.node_id')
      .select(['host', 'node', 'jid', 'subid', 'state', 'options', 'expires_at', 'temporary']);
  }

  #inScope() {
    return 'service' in this.#scope
      ? sql<boolean>`pubsub_nodes.host = ${this.#scope.service.toString()}`
      : sql<boolean>`pubsub_nodes.host like ${`%@${this.#scope.accountsOf}`}`;
  }

  async #checkSubscriptionCount(node: PubSubNode, bareJid: string): Promise<void> {
    const { subscriptionsPerNode, subscriptionsPerJid } = this.#limits;
    if (node.subscriptionCount >= subscriptionsPerNode) {
      throw new StanzaError('resource-constraint', `a node has at most ${subscriptionsPerNode} subscriptions`);
    }
    const { count } = await this.#database
      .selectFrom('pubsub_subscriptions')
      .innerJoin('pubsub_nodes', 'pubsub_nodes.id', 'pubsub_subscriptions.node_id')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('bare_jid', '=', bareJid)
      .where('host', '=', node.host.toString())
      .executeTakeFirstOrThrow();
    if (Number(count) >= subscriptionsPerJid) throw pubsubError('too-many-subscriptions');
  }

  async #addRedirect(transaction: Transaction<PubSubTables>, host: string, node: string, uri: string): Promise<void> {
    await transaction.insertInto('pubsub_redirects').values({ host, node, uri }).execute();
    const oldest = await transaction
      .selectFrom('pubsub_redirects')
      .select('id')
      .where('host', '=', host)
      .orderBy('id', 'desc')
      .offset(this.#limits.redirects)
      .limit(1)
      .executeTakeFirst();
    if (!oldest) return;
    await transaction.deleteFrom('pubsub_redirects').where('host', '=', host).where('id', '<=', oldest.id).execute();
  }

  #weigh(node: PubSubNode): void {
    this.#cache.set(keyOf(node.host, node.id), node);
  }

  /** Holds the node's lock. */
  async #find(host: Jid, id: string): Promise<PubSubNode | undefined> {
    const key = keyOf(host, id);
    const known = this.#cache.get(key);
    if (known) return known;
    const row = await this.#database
      .selectFrom('pubsub_nodes')
      .selectAll()
      .where('host', '=', host.toString())
      .where('node', '=', id)
      .executeTakeFirst();
    if (!row) return undefined;
    const node = await this.#load(host, row);
    this.#cache.set(key, node);
    return node;
  }

  async #load(host: Jid, row: Selectable<PubSubNodesTable>): Promise<PubSubNode> {
    const affiliations = await this.#database
      .selectFrom('pubsub_affiliations')
      .select(['jid', 'affiliation'])
      .where('node_id', '=', row.id)
      .execute();
    const subscriptions = await this.#database
      .selectFrom('pubsub_subscriptions')
      .selectAll()
      .where('node_id', '=', row.id)
      .execute();
    const { count, position } = await this.#database
      .selectFrom('pubsub_items')
      .select(({ fn }) => [fn.countAll().as('count'), fn.max('position').as('position')])
      .where('node_id', '=', row.id)
      .executeTakeFirstOrThrow();
    const node = new PubSubNode(
      { rowId: row.id, host, id: row.node, creator: Jid.parse(row.creator), createdAt: Number(row.created_at) },
      // Options that came later have their default in nodes that are older.
      { ...DEFAULT_NODE_CONFIG, ...(JSON.parse(row.config) as Partial<NodeConfig>) },
      new Map(affiliations.map(({ jid, affiliation }) => [jid, affiliation as Affiliation])),
      subscriptions.map(toSubscription),
    );
    node.itemCount = Number(count);
    node.lastPosition = Number(position ?? 0);
    return node;
  }
}

/** No text of XML has U+0000, so that it separates. */
function keyOf(host: Jid, id: string): string {
  return `${host}\u0000${id}`;
}

function configColumns(config: NodeConfig) {
  return {
    config: JSON.stringify(config),
    title: config.title,
    access_model: config.accessModel,
    item_expire: config.itemExpire === 'max' ? null : config.itemExpire,
    last_on_presence: Number(config.sendLastPublishedItem === 'on_sub_and_presence'),
    purge_offline: Number(config.purgeOffline),
  };
}

type SubscriptionRow = Omit<Selectable<PubSubSubscriptionsTable>, 'node_id' | 'bare_jid'>;

function toSubscription(row: SubscriptionRow): Subscription {
  const expire: Expiry =
    row.temporary === 1 ? 'presence' : row.expires_at === null ? undefined : Number(row.expires_at);
  const options = JSON.parse(row.options) as Partial<SubscriptionOptions>;
  return {
    jid: Jid.parse(row.jid),
    subid: row.subid,
    state: row.state === 'pending' ? 'pending' : 'subscribed',
    options: { ...DEFAULT_SUBSCRIPTION_OPTIONS, ...options, expire },
  };
}

function toSubscriptionAtNode(row: SubscriptionRow & { host: string; node: string }): SubscriptionAtNode {
  return { host: Jid.parse(row.host), node: row.node, subscription: toSubscription(row) };
}
