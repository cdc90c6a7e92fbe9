import {
  encodeClearCache,
  encodeFriendAdvice,
  type FriendAdvice,
  PROVISIONING_DIALECTS,
  type ProvisioningDialect,
  XEP_PROVISIONING,
} from '@thingward/things';
import { Jid, type Logger, message, PeerError, type Received, StanzaError, type XmppPeer } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { KeyedLock } from '../keyed-lock.ts';
import type { Tasks } from '../tasks.ts';
import { markChanged } from './mark-changed.ts';
import type { ProvisioningTables } from './tables.ts';

/** Things whose place is remembered. */
const MAX_KNOWN = 10_000;
/** Most Things told again in one round. */
const ROUND = 50;

export interface ThingCachesOptions {
  readonly peer: XmppPeer;
  readonly database: Kysely<ProvisioningTables>;
  readonly tasks: Tasks;
  /** How long a Thing has to acknowledge that rules have changed. */
  readonly acknowledgementTimeoutMs: number;
  readonly log: Logger;
}

/** Where Things are that ask here, and which of them are still to be told that rules have changed. @see XEP-0324 §3.5 */
export class ThingCaches {
  readonly #options: ThingCachesOptions;
  readonly #lock = new KeyedLock();
  /** Where Things were last, by bare JID: the same need not be written down again. */
  readonly #known = new Map<string, string>();

  constructor(options: ThingCachesOptions) {
    this.#options = options;
  }

  /** Keeps where a Thing is that has an owner: whoever else asks leaves nothing behind. */
  async remember(from: Jid, dialect: ProvisioningDialect): Promise<void> {
    const [jid, full_jid] = [from.bare.toString(), from.toString()];
    const seen = { full_jid, dialect: dialect.name };
    const place = JSON.stringify(seen);
    if (this.#known.get(jid) === place) return;
    await this.#options.database
      .insertInto('provisioning_things')
      .values({ jid, needs_clear: 0, ...seen })
      .onConflict((conflict) => conflict.column('jid').doUpdateSet(seen))
      .execute();
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(jid, place);
  }

  /** A Thing is here again: it may have missed that rules have changed. */
  async seen({ from, type }: Received): Promise<void> {
    if (type !== undefined || !from.isFull) return;
    const jid = from.bare.toString();
    this.#known.delete(jid);
    await this.#options.database
      .updateTable('provisioning_things')
      .set({ full_jid: from.toString() })
      .where('jid', '=', jid)
      .execute();
    this.#options.tasks.start((signal) => this.#clear(jid, signal));
  }

  /** Rules about Things behind these bare JIDs have changed, and they are marked to be told. */
  changed(jids: readonly string[]): void {
    for (const jid of new Set(jids)) this.#options.tasks.start((signal) => this.#clear(jid, signal));
  }

  /** The owner wants a Thing to ask anew. */
  async clear(jid: string): Promise<void> {
    await markChanged(this.#options.database, [jid]);
    this.changed([jid]);
  }

  /** Tells those again that did not acknowledge. */
  async retry(signal: AbortSignal): Promise<void> {
    const due = await this.#options.database
      .selectFrom('provisioning_things')
      .select('jid')
      .where('needs_clear', '>', 0)
      .limit(ROUND)
      .execute();
    await Promise.all(due.map(({ jid }) => this.#clear(jid, signal)));
  }

  /** Recommends a friend, or ends a friendship, to a Thing that has asked here. @see XEP-0324 §3.2.3, §3.2.4 */
  async advise(jid: string, advice: FriendAdvice): Promise<void> {
    const { database, peer, log } = this.#options;
    const thing = await database
      .selectFrom('provisioning_things')
      .selectAll()
      .where('jid', '=', jid)
      .executeTakeFirst();
    if (!thing) return;
    const { namespace } = dialectNamed(thing.dialect);
    try {
      peer.send(message('normal', { to: Jid.parse(thing.full_jid) }, encodeFriendAdvice(advice, namespace)));
    } catch (error) {
      // It hears of it when its answers are cleared.
      if (!(error instanceof PeerError)) throw error;
      log.debug({ thing: jid, code: error.code }, 'a Thing could not be advised');
    }
  }

  /** Tells a Thing that rules have changed, if it is still to be told. */
  async #clear(jid: string, signal: AbortSignal): Promise<void> {
    const { database, peer, tasks, acknowledgementTimeoutMs: timeoutMs, log } = this.#options;
    await this.#lock.run(jid, async () => {
      const things = database.selectFrom('provisioning_things').selectAll().where('jid', '=', jid);
      const thing = await things.executeTakeFirst();
      if (!thing || thing.needs_clear === 0 || signal.aborted) return;
      try {
        const { namespace } = dialectNamed(thing.dialect);
        const clearCache = encodeClearCache('clearCache', namespace);
        await peer.request('set', Jid.parse(thing.full_jid), clearCache, { timeoutMs, signal });
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof StanzaError || error instanceof PeerError)) throw error;
        log.debug({ thing: jid, code: error.code }, 'a Thing did not acknowledge that rules have changed');
        return;
      }
      // A change that came while this one was being told has to be told, too.
      const { numUpdatedRows } = await database
        .updateTable('provisioning_things')
        .set({ needs_clear: 0 })
        .where('jid', '=', jid)
        .where('needs_clear', '=', thing.needs_clear)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) tasks.start((next) => this.#clear(jid, next));
    });
  }
}

function dialectNamed(name: string): ProvisioningDialect {
  return PROVISIONING_DIALECTS.find((dialect) => dialect.name === name) ?? XEP_PROVISIONING;
}
