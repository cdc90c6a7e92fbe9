import { Jid } from '@thingward/xmpp';
import type { Kysely, Transaction } from 'kysely';
import { AccountError, type Accounts } from '../accounts.ts';
import type { ServerSchema } from '../storage/schema.ts';
import { DeviceError } from './device-error.ts';
import type { DeviceSchema } from './device-tables.ts';

type Schema = ServerSchema &
  DeviceSchema & { account_removal: { localpart: string; removed_at: number; kind: string } };

/** A device that is to have an account. */
export interface NewDevice {
  readonly localpart: string;
  /** For people. */
  readonly label: string;
  /** None: it signs in with a certificate alone. */
  readonly password?: string | undefined;
  readonly certificate?: { readonly fingerprint: string; readonly expiresAt: Date } | undefined;
}

/** A device that has an account. */
export interface EnrolledDevice {
  readonly jid: string;
  readonly label: string;
  readonly batch: string;
  readonly enrolledAt: Date;
  readonly hasPassword: boolean;
  /** When the certificate it signs in with ends; undefined when it has none that is taken. */
  readonly certificateExpiresAt?: Date | undefined;
  readonly lastLoginAt?: Date | undefined;
  readonly disabledAt?: Date | undefined;
}

/** Rows of one statement: SQLite takes so many values at a time only. */
const ROWS_PER_STATEMENT = 1000;

/** Devices that were enrolled as such: accounts made by the list, with certificates of the device authority or without. */
export class Devices {
  readonly #database: Kysely<Schema>;
  readonly #accounts: Accounts;
  readonly #domain: string;

  constructor(database: Kysely<ServerSchema>, accounts: Accounts, domain: string) {
    this.#database = database as unknown as Kysely<Schema>;
    this.#accounts = accounts;
    this.#domain = domain;
  }

  /** Which of these have accounts, and whether those are devices. @returns by localpart */
  async known(localparts: readonly string[]): Promise<ReadonlyMap<string, 'device' | 'account'>> {
    const found = new Map<string, 'device' | 'account'>();
    for (const some of slices(localparts, ROWS_PER_STATEMENT)) {
      const rows = await this.#database
        .selectFrom('account')
        .leftJoin('device', 'device.localpart', 'account.localpart')
        .select(['account.localpart as localpart', 'device.localpart as device'])
        .where('account.localpart', 'in', some)
        .execute();
      for (const { localpart, device } of rows) found.set(localpart, device === null ? 'account' : 'device');
    }
    return found;
  }

  /**
   * Makes the accounts of devices: all of them or, when anything is wrong with one, none.
   * @param renews devices that are there get new credentials; the former ones are taken no more, and sessions end
   * @throws AccountError, DeviceError `exists`
   */
  async enrol(devices: readonly NewDevice[], batch: string, renews = false, now = Date.now()): Promise<void> {
    const credentials = await this.#accounts.credentialsOf(devices);
    await this.#database.transaction().execute(async (database) => {
      const known = await this.#in(database).known(devices.map(({ localpart }) => localpart));
      const taken = devices.find(
        ({ localpart }) => known.get(localpart) === 'account' || (known.has(localpart) && !renews),
      );
      if (taken) {
        const what = known.get(taken.localpart) === 'account' ? 'is an account, but no device' : 'is enrolled already';
        throw new DeviceError('exists', `${taken.localpart}@${this.#domain} ${what}`);
      }
      for (const some of slices([...known.keys()], ROWS_PER_STATEMENT)) await this.#withdraw(database, some, now);
      for (const some of slices(devices, ROWS_PER_STATEMENT)) await this.#insert(database, some, batch, known, now);
      for (const some of slices(credentials, ROWS_PER_STATEMENT)) {
        await database.insertInto('credential').values(some).execute();
      }
    });
    this.#accounts.changed();
  }

  /** Devices by name. @param filter undefined: all of them */
  async list(filter: { readonly batch?: string | undefined } = {}): Promise<readonly EnrolledDevice[]> {
    let query = this.#database
      .selectFrom('device')
      .innerJoin('account', 'account.localpart', 'device.localpart')
      .select((select) => [
        'device.localpart',
        'device.label',
        'device.batch',
        'device.enrolled_at',
        'account.disabled_at',
        'account.last_login_at',
        select
          .exists(
            select
              .selectFrom('credential')
              .select('credential.hash')
              .whereRef('credential.localpart', '=', 'device.localpart'),
          )
          .as('has_password'),
        select
          .selectFrom('device_certificate')
          .select(({ fn }) => fn.max('device_certificate.expires_at').as('expires_at'))
          .whereRef('device_certificate.localpart', '=', 'device.localpart')
          .where('device_certificate.revoked_at', 'is', null)
          .as('certificate_expires_at'),
      ])
      .orderBy('device.localpart');
    if (filter.batch !== undefined) query = query.where('device.batch', '=', filter.batch);
    const date = (time: unknown) => (time === null ? undefined : new Date(Number(time)));
    return (await query.execute()).map((row) => ({
      jid: `${row.localpart}@${this.#domain}`,
      label: row.label,
      batch: row.batch,
      enrolledAt: new Date(Number(row.enrolled_at)),
      hasPassword: Boolean(row.has_password),
      certificateExpiresAt: date(row.certificate_expires_at),
      lastLoginAt: date(row.last_login_at),
      disabledAt: date(row.disabled_at),
    }));
  }

  /**
   * Lets devices sign in no more: certificates and tokens are refused, accounts are disabled or removed, sessions end. All of them or none.
   * @throws DeviceError `unknown`
   */
  async revoke(localparts: readonly string[], removes = false, now = Date.now()): Promise<void> {
    await this.#database.transaction().execute(async (database) => {
      const known = await this.#in(database).known(localparts);
      const missing = localparts.find((localpart) => known.get(localpart) !== 'device');
      if (missing !== undefined) {
        throw new DeviceError('unknown', `${missing}@${this.#domain} is no device that was enrolled`);
      }
      for (const some of slices(localparts, ROWS_PER_STATEMENT)) {
        await this.#refuse(database, some, now);
        if (removes) await database.deleteFrom('account').where('localpart', 'in', some).execute();
        else {
          await database
            .updateTable('account')
            .set({ disabled_at: now })
            .where('localpart', 'in', some)
            .where('disabled_at', 'is', null)
            .execute();
        }
      }
    });
    this.#accounts.changed();
  }

  /** Is this certificate of the device authority on record, for this account, and not revoked? */
  async accepts(fingerprint: string, account: Jid): Promise<boolean> {
    const row = await this.#database
      .selectFrom('device_certificate')
      .select('revoked_at')
      .where('fingerprint', '=', fingerprint)
      .where('localpart', '=', account.local ?? '')
      .executeTakeFirst();
    return row !== undefined && row.revoked_at === null;
  }

  /** The localpart of a device by its name or address. @throws AccountError `bad-name` */
  localpart(name: string): string {
    const jid = Jid.tryParse(name.includes('@') ? name : `${name}@${this.#domain}`);
    if (jid?.local !== undefined && jid.domain === this.#domain && !jid.isFull) return jid.local;
    throw new AccountError('bad-name', `${name} can't be the name of a device at ${this.#domain}`);
  }

  #in(database: Transaction<Schema>): Devices {
    return new Devices(database as unknown as Kysely<ServerSchema>, this.#accounts, this.#domain);
  }

  /** Takes the credentials of devices away that get new ones. */
  async #withdraw(database: Transaction<Schema>, localparts: readonly string[], now: number): Promise<void> {
    await this.#refuse(database, localparts, now);
    await database.deleteFrom('credential').where('localpart', 'in', localparts).execute();
    await database.updateTable('account').set({ disabled_at: null }).where('localpart', 'in', localparts).execute();
    await database.deleteFrom('device').where('localpart', 'in', localparts).execute();
    await database
      .insertInto('account_removal')
      .values(localparts.map((localpart) => ({ localpart, removed_at: now, kind: 'ended' })))
      .execute();
  }

  async #refuse(database: Transaction<Schema>, localparts: readonly string[], now: number): Promise<void> {
    await database
      .updateTable('device_certificate')
      .set({ revoked_at: now })
      .where('localpart', 'in', localparts)
      .where('revoked_at', 'is', null)
      .execute();
    await database.deleteFrom('token').where('localpart', 'in', localparts).execute();
  }

  async #insert(
    database: Transaction<Schema>,
    devices: readonly NewDevice[],
    batch: string,
    known: ReadonlyMap<string, unknown>,
    now: number,
  ): Promise<void> {
    const fresh = devices.filter(({ localpart }) => !known.has(localpart));
    if (fresh.length > 0) {
      await database
        .insertInto('account')
        .values(fresh.map(({ localpart }) => ({ localpart, created_at: now, disabled_at: null, last_login_at: null })))
        .execute();
    }
    await database
      .insertInto('device')
      .values(devices.map(({ localpart, label }) => ({ localpart, label, batch, enrolled_at: now })))
      .execute();
    const certificates = devices.flatMap(({ localpart, certificate }) =>
      certificate
        ? [
            {
              ...{ localpart, fingerprint: certificate.fingerprint, issued_at: now, revoked_at: null },
              expires_at: certificate.expiresAt.getTime(),
            },
          ]
        : [],
    );
    if (certificates.length > 0) await database.insertInto('device_certificate').values(certificates).execute();
  }
}

function* slices<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size);
}
