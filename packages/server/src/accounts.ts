import { createHmac } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  type CredentialStore,
  decodeBase64,
  encodeBase64,
  Jid,
  JidError,
  newScramKeys,
  opaqueString,
  PrecisError,
  type ScramHash,
  type ScramKeys,
} from '@thingward/xmpp';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { PreparedQuery } from './storage/prepared-query.ts';
import type { AccountTable, CredentialTable, ServerSchema } from './storage/schema.ts';
import { loadSecret } from './storage/secret.ts';

const HASHES: readonly ScramHash[] = ['SHA-256', 'SHA-1'];
const ITERATIONS = 10_000;
/** Logins that are written down without a pause. */
const LOGIN_BATCH = 100;

/** An account could not be made or changed as asked. */
export class AccountError extends Error {
  override readonly name = 'AccountError';
  readonly code: 'exists' | 'unknown' | 'bad-name' | 'bad-password';

  constructor(code: AccountError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** What is known of an account beside its password. */
export interface AccountState {
  readonly jid: string;
  readonly createdAt: Date;
  /** Since when nobody may sign in to it. */
  readonly disabledAt?: Date | undefined;
  /** When a session of it was bound last. */
  readonly lastLoginAt?: Date | undefined;
}

/** The accounts of the served domain. Passwords are kept as SCRAM keys only. Removing one removes its clients' tokens too. */
export class Accounts implements CredentialStore {
  readonly #database: Kysely<ServerSchema>;
  readonly #domain: string;
  readonly #credentialOf: PreparedQuery<Selectable<CredentialTable>, [localpart: string, hash: ScramHash]>;
  readonly #disabledAt: PreparedQuery<Pick<Selectable<AccountTable>, 'disabled_at'>, [localpart: string]>;
  #changes = 0;
  /** Makes the keys of users that do not exist: the same for a name each time, and after a restart. */
  #decoySecret: Promise<Buffer> | undefined;

  constructor(database: Kysely<ServerSchema>, domain: string) {
    this.#database = database;
    this.#domain = domain;
    this.#credentialOf = new PreparedQuery(
      database,
      database.selectFrom('credential').selectAll().where('localpart', '=', '').where('hash', '=', ''),
    );
    this.#disabledAt = new PreparedQuery(
      database,
      database.selectFrom('account').select('disabled_at').where('localpart', '=', ''),
    );
  }

  /** @param also what else is to be done or not done with it; when it throws there is no account @throws AccountError */
  async add(
    name: string,
    password: string,
    also?: (database: Transaction<ServerSchema>) => Promise<void>,
  ): Promise<void> {
    const localpart = this.#checkName(name);
    const credentials = await this.#credentials(localpart, password);
    await this.#database.transaction().execute(async (database) => {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('account')
        .values({ localpart, created_at: Date.now(), disabled_at: null, last_login_at: null })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (!numInsertedOrUpdatedRows) throw new AccountError('exists', `${localpart}@${this.#domain} exists already`);
      await database.insertInto('credential').values(credentials).execute();
      await also?.(database);
    });
  }

  /**
   * What is kept of passwords, to be stored by who makes many accounts at once. Who has no password has nothing that fits one.
   * @throws AccountError `bad-password`
   */
  async credentialsOf(
    accounts: readonly { readonly localpart: string; readonly password?: string | undefined }[],
  ): Promise<readonly CredentialTable[]> {
    const derived = accounts.map(({ localpart, password }) =>
      password === undefined ? [] : this.#credentials(localpart, password),
    );
    return (await Promise.all(derived)).flat();
  }

  /** The tokens of its clients are taken no more. @throws AccountError */
  async setPassword(name: string, password: string): Promise<void> {
    const localpart = this.#checkName(name);
    if (!(await this.exists(localpart))) throw this.#unknown(localpart);
    const credentials = await this.#credentials(localpart, password);
    await this.#database.transaction().execute(async (database) => {
      await database.deleteFrom('credential').where('localpart', '=', localpart).execute();
      await database.deleteFrom('token').where('localpart', '=', localpart).execute();
      await database.insertInto('credential').values(credentials).execute();
    });
  }

  /** Removes an account with all that is kept for it. @throws AccountError */
  async remove(name: string): Promise<void> {
    const localpart = this.#checkName(name);
    const { numDeletedRows } = await this.#database
      .deleteFrom('account')
      .where('localpart', '=', localpart)
      .executeTakeFirst();
    if (!numDeletedRows) throw this.#unknown(localpart);
    this.changed();
  }

  /** Accounts by name. @param filter undefined: all of them @param limit at most so many */
  async list(filter: { readonly disabled?: boolean; readonly limit?: number } = {}): Promise<readonly AccountState[]> {
    let query = this.#database.selectFrom('account').selectAll().where('is_temporary', '=', 0).orderBy('localpart');
    if (filter.disabled !== undefined) query = query.where('disabled_at', filter.disabled ? 'is not' : 'is', null);
    if (filter.limit !== undefined) query = query.limit(filter.limit);
    return (await query.execute()).map((row) => this.#stateOf(row));
  }

  /** How many there are. */
  async count(filter: { readonly disabled?: boolean } = {}): Promise<number> {
    let query = this.#database
      .selectFrom('account')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('is_temporary', '=', 0);
    if (filter.disabled !== undefined) query = query.where('disabled_at', filter.disabled ? 'is not' : 'is', null);
    return Number((await query.executeTakeFirstOrThrow()).count);
  }

  /** What is known of one; undefined when there is none. */
  async state(localpart: string): Promise<AccountState | undefined> {
    const row = await this.#database
      .selectFrom('account')
      .selectAll()
      .where('localpart', '=', localpart)
      .executeTakeFirst();
    return row && this.#stateOf(row);
  }

  /** Lets nobody sign in to an account any more, or again. Its data stay. @throws AccountError */
  async setDisabled(name: string, disabled: boolean): Promise<void> {
    const localpart = this.#checkName(name);
    const { numUpdatedRows } = await this.#database
      .updateTable('account')
      .set({ disabled_at: disabled ? Date.now() : null })
      .where('localpart', '=', localpart)
      .executeTakeFirst();
    if (!numUpdatedRows) throw this.#unknown(localpart);
    this.changed();
  }

  /** Remembers when accounts were last used. @param times milliseconds since 1970, by localpart */
  async recordLogins(times: ReadonlyMap<string, number>): Promise<void> {
    const all = [...times];
    for (let start = 0; start < all.length; start += LOGIN_BATCH) {
      // After an outage everybody comes at once; what they want of the server is more urgent.
      if (start > 0) await setImmediate();
      await this.#database.transaction().execute(async (database) => {
        for (const [localpart, time] of all.slice(start, start + LOGIN_BATCH)) {
          await database
            .updateTable('account')
            .set({ last_login_at: time })
            .where('localpart', '=', localpart)
            .execute();
        }
      });
    }
  }

  /** Those of people who stay nameless do not count: nothing is kept for them. */
  async exists(localpart: string): Promise<boolean> {
    const row = await this.#database
      .selectFrom('account')
      .select('localpart')
      .where('localpart', '=', localpart)
      .where('is_temporary', '=', 0)
      .executeTakeFirst();
    return row !== undefined;
  }

  isAddressOf(authzid: string, localpart: string): boolean {
    return localpart !== '' && (Jid.tryParse(authzid)?.equals(Jid.of(localpart, this.#domain)) ?? false);
  }

  get changes(): number {
    return this.#changes;
  }

  /** To be called when an account was changed in another way. */
  changed(): void {
    this.#changes++;
  }

  async refusal(localpart: string): Promise<'disabled' | 'unknown' | undefined> {
    const row = await this.#disabledAt.first(localpart);
    if (!row) return 'unknown';
    return row.disabled_at === null ? undefined : 'disabled';
  }

  localpart(username: string): string | undefined {
    try {
      return Jid.of(username, this.#domain).local;
    } catch (error) {
      if (error instanceof JidError) return undefined;
      throw error;
    }
  }

  async scramKeys(username: string, hash: ScramHash): Promise<ScramKeys> {
    const localpart = this.localpart(username);
    const row = localpart === undefined ? undefined : await this.#credentialOf.first(localpart, hash);
    if (!row) return this.#decoyKeys(localpart ?? username, hash);
    return {
      salt: fromBase64(row.salt),
      iterations: row.iterations,
      storedKey: fromBase64(row.stored_key),
      serverKey: fromBase64(row.server_key),
    };
  }

  async #decoyKeys(name: string, hash: ScramHash): Promise<ScramKeys> {
    this.#decoySecret ??= loadSecret(this.#database, 'decoy-secret');
    const secret = await this.#decoySecret;
    const bytes = (what: string, length: number) =>
      new Uint8Array(createHmac('sha256', secret).update(`${what} ${hash} ${name}`).digest()).slice(0, length);
    const length = hash === 'SHA-1' ? 20 : 32;
    return {
      salt: bytes('salt', 16),
      iterations: ITERATIONS,
      storedKey: bytes('stored', length),
      serverKey: bytes('server', length),
    };
  }

  async #credentials(localpart: string, password: string) {
    checkPassword(password);
    return Promise.all(
      HASHES.map(async (hash) => {
        const keys = await newScramKeys(password, hash, ITERATIONS);
        return {
          localpart,
          hash,
          salt: encodeBase64(keys.salt),
          iterations: keys.iterations,
          stored_key: encodeBase64(keys.storedKey),
          server_key: encodeBase64(keys.serverKey),
        };
      }),
    );
  }

  #stateOf(row: Selectable<AccountTable>): AccountState {
    const dateOf = (time: number | null) => (time === null ? undefined : new Date(Number(time)));
    return {
      jid: `${row.localpart}@${this.#domain}`,
      createdAt: new Date(Number(row.created_at)),
      disabledAt: dateOf(row.disabled_at),
      lastLoginAt: dateOf(row.last_login_at),
    };
  }

  #checkName(name: string): string {
    try {
      const jid = name.includes('@') ? Jid.parse(name) : Jid.of(name, this.#domain);
      if (jid.domain === this.#domain && jid.local !== undefined && jid.resource === undefined) return jid.local;
      throw new AccountError('bad-name', `${name} is no address at ${this.#domain}`);
    } catch (error) {
      if (error instanceof JidError) throw new AccountError('bad-name', error.message);
      throw error;
    }
  }

  #unknown(localpart: string): AccountError {
    return new AccountError('unknown', `there is no account ${localpart}@${this.#domain}`);
  }
}

/** @throws AccountError `bad-password` @see RFC 8265 §4 */
function checkPassword(password: string): void {
  try {
    opaqueString(password);
  } catch (error) {
    if (error instanceof PrecisError)
      throw new AccountError('bad-password', `this can't be a password: ${error.message}`);
    throw error;
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64(text);
  if (!bytes) throw new Error('a credential in the database is damaged');
  return bytes;
}
