import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { ServerSchema } from './schema.ts';

/** A secret of the server by its name, made when it is asked for the first time and the same from then on. */
export async function loadSecret(database: Kysely<ServerSchema>, name: string): Promise<Buffer> {
  await database
    .insertInto('setting')
    .values({ name, value: randomBytes(32).toString('base64') })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { value } = await database
    .selectFrom('setting')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return Buffer.from(value, 'base64');
}
