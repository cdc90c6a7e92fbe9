import { createHmac, randomBytes } from 'node:crypto';
import type { HeldToken, IssuedToken, Logger, TokenAuthority, TokenClient } from '@thingward/xmpp';
import type { Insertable, Kysely, Transaction } from 'kysely';
import type { ServerSchema, TokenTable } from '../storage/schema.ts';

const DAY_MS = 24 * 3600 * 1000;
/** Expired tokens are remembered for a while, so that their clients are told why they are refused. */
const REMEMBERED_MS = 7 * DAY_MS;
const SWEEP_MS = 3600 * 1000;

export interface TokenSettings {
  readonly lifetimeDays: number;
  /** Of one account; for one more, the oldest is taken no more. */
  readonly maxPerAccount: number;
}

type TokenRow = Insertable<TokenTable>;

/**
 * The tokens clients sign in with. The database has what they are derived from, but not the key (see `loadTokenKey`). A client has
 * at most two: the one it uses, and a newer one it may not have got yet.
 * @see XEP-0484 §5.1
 */
export class ClientTokens implements TokenAuthority {
  readonly #database: Kysely<ServerSchema>;
  readonly #key: Buffer;
  readonly #settings: TokenSettings;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Kysely<ServerSchema>, key: Buffer, settings: TokenSettings, log: Logger) {
    this.#database = database;
    this.#key = key;
    this.#settings = settings;
    this.#log = log;
  }

  /** Begins to remove tokens that are too old, now and then. */
  start(): void {
    void this.#sweep();
    this.#timer = setInterval(() => void this.#sweep(), SWEEP_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async held(client: TokenClient, mechanism: string): Promise<readonly HeldToken[]> {
    const rows = await ofClient(this.#database.selectFrom('token'), client)
      .selectAll()
      .where('mechanism', '=', mechanism)
      .orderBy('id', 'desc')
      .limit(2)
      .execute();
    const dueAt = Date.now() + (this.#settings.lifetimeDays * DAY_MS) / 2;
    return rows.map((row) => ({
      id: row.id,
      token: this.#derive(row),
      expiresAt: new Date(Number(row.expires_at)),
      isDue: Number(row.expires_at) < dueAt,
    }));
  }

  async use(client: TokenClient, { id }: HeldToken, count: number | undefined): Promise<boolean> {
    return this.#database.transaction().execute(async (database) => {
      const { numUpdatedRows } = await database
        .updateTable('token')
        .set({ is_used: 1, ...(count === undefined ? {} : { last_count: count }) })
        .where('id', '=', id)
        // A client that has counted goes on counting: a use without a count could be an old one again.
        .where('last_count', '<', count ?? 0)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await ofClient(database.deleteFrom('token'), client).where('id', '<', id).execute();
      return true;
    });
  }

  async issue(client: TokenClient, mechanism: string): Promise<IssuedToken> {
    const row: TokenRow = {
      localpart: client.localpart,
      user_agent: client.userAgentId,
      mechanism,
      seed: randomBytes(16).toString('base64url'),
      expires_at: Date.now() + this.#settings.lifetimeDays * DAY_MS,
      is_used: 0,
      last_count: -1,
    };
    await this.#database.transaction().execute(async (database) => {
      await ofClient(database.deleteFrom('token'), client).where('is_used', '=', 0).execute();
      await this.#makeRoom(database, client.localpart);
      await database.insertInto('token').values(row).execute();
    });
    return { token: this.#derive(row), expiresAt: new Date(row.expires_at) };
  }

  async revoke(client: TokenClient): Promise<void> {
    await ofClient(this.#database.deleteFrom('token'), client).execute();
  }

  async #makeRoom(database: Transaction<ServerSchema>, localpart: string): Promise<void> {
    const kept = database
      .selectFrom('token')
      .select('id')
      .where('localpart', '=', localpart)
      .orderBy('id', 'desc')
      .limit(this.#settings.maxPerAccount - 1);
    await database.deleteFrom('token').where('localpart', '=', localpart).where('id', 'not in', kept).execute();
  }

  async #sweep(): Promise<void> {
    try {
      await this.#database
        .deleteFrom('token')
        .where('expires_at', '<', Date.now() - REMEMBERED_MS)
        .execute();
    } catch (error) {
      this.#log.error({ err: error }, 'old tokens could not be removed');
    }
  }

  #derive({ localpart, user_agent, mechanism, seed, expires_at }: TokenRow): string {
    const parts = JSON.stringify([localpart, user_agent, mechanism, seed, Number(expires_at)]);
    return createHmac('sha256', this.#key).update(parts).digest('base64url');
  }
}

/** Narrows a query to the tokens of one installation. */
function ofClient<Q extends { where(column: 'localpart' | 'user_agent', operator: '=', value: string): Q }>(
  query: Q,
  { localpart, userAgentId }: TokenClient,
): Q {
  return query.where('localpart', '=', localpart).where('user_agent', '=', userAgentId);
}
