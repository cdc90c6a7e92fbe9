import type { Kysely } from 'kysely';
import type { ServerSchema } from './schema.ts';

/** Small facts that administrators change while the server runs, kept in its database. */
export class Settings {
  readonly #database: Kysely<ServerSchema>;

  constructor(database: Kysely<ServerSchema>) {
    this.#database = database;
  }

  async get(name: string): Promise<string | undefined> {
    const row = await this.#database.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst();
    return row?.value;
  }

  async set(name: string, value: string): Promise<void> {
    await this.#database
      .insertInto('setting')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }

  async delete(name: string): Promise<void> {
    await this.#database.deleteFrom('setting').where('name', '=', name).execute();
  }
}
