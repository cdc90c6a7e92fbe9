import { createHmac } from 'node:crypto';
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
import type { Kysely } from 'kysely';
import type { ServerSchema } from './storage/schema.ts';
import { loadSecret } from './storage/secret.ts';

const HASHES: readonly ScramHash[] = ['SHA-256', 'SHA-1'];
const ITERATIONS = 10_000;

/** An account could not be made or changed as asked. */
export class AccountError extends Error {
  override readonly name = 'AccountError';
  readonly code: 'exists' | 'unknown' | 'bad-name' | 'bad-password';

  constructor(code: AccountError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The accounts of the served domain. Passwords are kept as SCRAM keys only. Removing one removes its clients' tokens too. */
export class Accounts implements CredentialStore {
  readonly #database: Kysely<ServerSchema>;
  readonly #domain: string;
  /** Makes the keys of users that do not exist: the same for a name each time, and after a restart. */
  #decoySecret: Promise<Buffer> | undefined;

  constructor(database: Kysely<ServerSchema>, domain: string) {
    this.#database = database;
    this.#domain = domain;
  }

  /** @throws AccountError */
  async add(name: string, password: string): Promise<void> {
    const localpart = this.#checkName(name);
    const credentials = await this.#credentials(localpart, password);
    await this.#database.transaction().execute(async (database) => {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('account')
        .values({ localpart, created_at: Date.now() })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (!numInsertedOrUpdatedRows) throw new AccountError('exists', `${localpart}@${this.#domain} exists already`);
      await database.insertInto('credential').values(credentials).execute();
    });
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
  }

  /** All accounts by name. */
  async list(): Promise<readonly { readonly jid: string; readonly createdAt: Date }[]> {
    const rows = await this.#database
      .selectFrom('account')
      .selectAll()
      .where('is_temporary', '=', 0)
      .orderBy('localpart')
      .execute();
    return rows.map((row) => ({
      jid: `${row.localpart}@${this.#domain}`,
      createdAt: new Date(Number(row.created_at)),
    }));
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
    const row =
      localpart === undefined
        ? undefined
        : await this.#database
            .selectFrom('credential')
            .selectAll()
            .where('localpart', '=', localpart)
            .where('hash', '=', hash)
            .executeTakeFirst();
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
