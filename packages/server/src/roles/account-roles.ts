import type { Kysely } from 'kysely';
import type { ServerSchema } from '../storage/schema.ts';

/** Who says that an account has a role: an administrator, or an identity provider by this name. */
export const BY_ADMINISTRATOR = 'administrator';

/** A role of an account. */
export interface AccountRole {
  readonly localpart: string;
  readonly role: string;
  readonly source: string;
}

/** What roles may be called: no `/`, which is in names of roster groups. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._:-]{0,99}$/u;

/** May a role be called so? */
export function isRoleName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Roles of accounts, stored with them and held in memory: groups of policies. Each has a source, so that what an identity provider says
 * at a sign-in takes the place of what it said before, and of nothing else.
 */
export class AccountRoles {
  readonly #database: Kysely<ServerSchema>;
  readonly #onChange: () => void;
  readonly #byAccount = new Map<string, readonly AccountRole[]>();

  constructor(database: Kysely<ServerSchema>, onChange: () => void) {
    this.#database = database;
    this.#onChange = onChange;
  }

  /** Reads all of them. */
  async start(): Promise<void> {
    const rows = await this.#database.selectFrom('account_role').selectAll().orderBy('role').execute();
    this.#byAccount.clear();
    for (const row of rows) this.#byAccount.set(row.localpart, [...(this.#byAccount.get(row.localpart) ?? []), row]);
  }

  /** Each once, whoever says so. */
  of(localpart: string): readonly string[] {
    return [...new Set((this.#byAccount.get(localpart) ?? []).map(({ role }) => role))];
  }

  list(): readonly AccountRole[] {
    return [...this.#byAccount.values()].flat();
  }

  /** @throws the database's error where there is no such account */
  async add(localpart: string, role: string, source = BY_ADMINISTRATOR): Promise<void> {
    await this.#database
      .insertInto('account_role')
      .values({ localpart, role, source })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await this.#read(localpart);
  }

  /** Takes a role from an account, whoever gave it: an identity provider may give it again at the next sign-in. @returns whether it had it */
  async remove(localpart: string, role: string): Promise<boolean> {
    const { numDeletedRows } = await this.#database
      .deleteFrom('account_role')
      .where('localpart', '=', localpart)
      .where('role', '=', role)
      .executeTakeFirst();
    await this.#read(localpart);
    return numDeletedRows > 0n;
  }

  /**
   * What an identity provider says of an account, in the place of all it has said before.
   * @param source name of the provider @returns those that are left out, since no role is called so
   */
  async assign(localpart: string, source: string, roles: readonly string[]): Promise<readonly string[]> {
    const fitting = [...new Set(roles)].filter(isRoleName);
    await this.#database.transaction().execute(async (transaction) => {
      await transaction
        .deleteFrom('account_role')
        .where('localpart', '=', localpart)
        .where('source', '=', source)
        .execute();
      if (fitting.length === 0) return;
      await transaction
        .insertInto('account_role')
        .values(fitting.map((role) => ({ localpart, role, source })))
        .execute();
    });
    await this.#read(localpart);
    return roles.filter((role) => !isRoleName(role));
  }

  /** The account is no more. */
  forget(localpart: string): void {
    if (this.#byAccount.delete(localpart)) this.#onChange();
  }

  async #read(localpart: string): Promise<void> {
    const rows = await this.#database
      .selectFrom('account_role')
      .selectAll()
      .where('localpart', '=', localpart)
      .orderBy('role')
      .execute();
    if (rows.length === 0) this.#byAccount.delete(localpart);
    else this.#byAccount.set(localpart, rows);
    this.#onChange();
  }
}
