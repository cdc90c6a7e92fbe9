import {
  DISCOVERY_DIALECTS,
  type DiscoveryDialect,
  encodeClaimed,
  encodeRemoved,
  inDiscoveryDialect,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import { Jid, type Logger, PeerError, StanzaError, type XmppPeer } from '@thingward/xmpp';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { KeyedLock } from '../keyed-lock.ts';
import { nodeOfColumns, type ThingColumns } from '../node-columns.ts';
import type { RegistryNotificationsTable, RegistryTables } from './tables.ts';
import type { ThingRow } from './thing-store.ts';

type NotificationRow = Selectable<RegistryNotificationsTable>;

const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 3_600_000;
/** A Thing that was not seen for so long learns of its state when it registers or updates. */
const MAX_AGE_MS = 90 * 86_400_000;
/** Most notifications tried in one round of retries. */
const ROUND = 50;

/**
 * Tells Things what happened to them, `claimed` and `removed`, in order, until they acknowledged. What is not acknowledged stays in
 * the database, and is tried again when the Thing is seen, and now and then at its last known address.
 */
export class Notifications {
  readonly #database: Kysely<RegistryTables>;
  readonly #peer: XmppPeer;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  readonly #lock = new KeyedLock();

  /** @param timeoutMs how long to wait for an acknowledgement */
  constructor(options: {
    database: Kysely<RegistryTables>;
    peer: XmppPeer;
    log: Logger;
    now: () => number;
    timeoutMs: number;
  }) {
    this.#database = options.database;
    this.#peer = options.peer;
    this.#log = options.log;
    this.#now = options.now;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Keeps a notification, to be delivered after the transaction. */
  async add(
    transaction: Transaction<RegistryTables>,
    thing: ThingRow,
    content: { kind: 'claimed'; owner: string; isPublic: boolean } | { kind: 'removed' },
  ): Promise<void> {
    const now = this.#now();
    await transaction
      .insertInto('registry_notifications')
      .values({
        jid: thing.jid,
        node_id: thing.node_id,
        source_id: thing.source_id,
        cache_type: thing.cache_type,
        full_jid: thing.full_jid,
        dialect: thing.dialect,
        kind: content.kind,
        owner: content.kind === 'claimed' ? content.owner : null,
        is_public: content.kind === 'claimed' && content.isPublic ? 1 : 0,
        attempts: 0,
        due_at: now + FIRST_RETRY_MS,
        created_at: now,
      })
      .execute();
  }

  /** Who owns a Thing by a claim it has not acknowledged. */
  async unacknowledgedClaim(
    database: Kysely<RegistryTables>,
    thing: ThingColumns,
  ): Promise<{ owner: Jid; public: boolean } | undefined> {
    const row = await this.#of(database, thing).where('kind', '=', 'claimed').orderBy('id', 'desc').executeTakeFirst();
    return row?.owner ? { owner: Jid.parse(row.owner), public: row.is_public === 1 } : undefined;
  }

  /** Forgets what a Thing was to be told. */
  async clear(transaction: Transaction<RegistryTables>, thing: ThingColumns): Promise<void> {
    await transaction
      .deleteFrom('registry_notifications')
      .where('jid', '=', thing.jid)
      .where('node_id', '=', thing.node_id)
      .where('source_id', '=', thing.source_id)
      .where('cache_type', '=', thing.cache_type)
      .execute();
  }

  /** Tries all that the Things behind a bare JID must be told. @param seenAt the address they were seen at just now */
  async deliver(jid: string, signal: AbortSignal, seenAt?: Jid): Promise<void> {
    await this.#lock.run(jid, async () => {
      const rows = await this.#database
        .selectFrom('registry_notifications')
        .selectAll()
        .where('jid', '=', jid)
        .orderBy('id')
        .execute();
      for (const row of rows) {
        if (signal.aborted || !(await this.#tell(row, seenAt ?? Jid.parse(row.full_jid), signal))) return;
      }
    });
  }

  /** A claim of which the Thing was never told may be so because the process ended: it is due now. To be called before the first `retry`. */
  async resume(): Promise<void> {
    await this.#database
      .updateTable('registry_notifications')
      .set({ due_at: this.#now() })
      .where('attempts', '=', 0)
      .where('kind', '=', 'claimed')
      .execute();
  }

  /** Tries those that are due again, and forgets the very old ones. */
  async retry(signal: AbortSignal): Promise<void> {
    const now = this.#now();
    await this.#database
      .deleteFrom('registry_notifications')
      .where('created_at', '<', now - MAX_AGE_MS)
      .execute();
    const due = await this.#database
      .selectFrom('registry_notifications')
      .select('jid')
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .limit(ROUND)
      .execute();
    await Promise.all([...new Set(due.map(({ jid }) => jid))].map((jid) => this.deliver(jid, signal)));
  }

  #of(database: Kysely<RegistryTables>, thing: ThingColumns) {
    return database
      .selectFrom('registry_notifications')
      .selectAll()
      .where('jid', '=', thing.jid)
      .where('node_id', '=', thing.node_id)
      .where('source_id', '=', thing.source_id)
      .where('cache_type', '=', thing.cache_type);
  }

  async #tell(row: NotificationRow, to: Jid, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#peer.request('set', to, contentOf(row), { timeoutMs: this.#timeoutMs, signal });
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof StanzaError || error instanceof PeerError)) throw error;
      this.#log.debug({ to: to.toString(), kind: row.kind, code: error.code }, 'a Thing could not be told');
      const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(row.attempts, 20));
      await this.#database
        .updateTable('registry_notifications')
        .set({ attempts: row.attempts + 1, due_at: this.#now() + delay })
        .where('id', '=', row.id)
        .execute();
      return false;
    }
    await this.#database.deleteFrom('registry_notifications').where('id', '=', row.id).execute();
    return true;
  }
}

/** The dialect a Thing registered in. */
export function dialectNamed(name: string): DiscoveryDialect {
  return DISCOVERY_DIALECTS.find((dialect) => dialect.name === name) ?? (DISCOVERY_DIALECTS[0] as DiscoveryDialect);
}

function contentOf(row: NotificationRow): Element {
  return inDiscoveryDialect(xepContentOf(row), dialectNamed(row.dialect));
}

function xepContentOf(row: NotificationRow): Element {
  const node = nodeOfColumns(row);
  if (row.kind === 'removed' || row.owner === null) return encodeRemoved(node);
  return encodeClaimed({ jid: Jid.parse(row.owner), node, public: row.is_public === 1 });
}
