import { Jid } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { type ArchiveSchema, archiveMigrations } from '../src/archive/archive-tables.ts';
import type { ArchivedMessage } from '../src/archive/archive-writer.ts';
import { type OpenDatabase, openDatabase } from '../src/storage/database.ts';
import { serverMigrations } from '../src/storage/migrations.ts';

/** A database in memory with some accounts. */
export async function archiveDatabase(...localparts: string[]): Promise<OpenDatabase<ArchiveSchema>> {
  const opened = await openDatabase<ArchiveSchema>(':memory:', { ...serverMigrations, ...archiveMigrations });
  for (const localpart of localparts) {
    await opened.query.insertInto('account').values({ localpart, created_at: 0 }).execute();
  }
  return opened;
}

export function archived(localpart: string, id: string, receivedAt = 0): ArchivedMessage {
  const peer = Jid.parse('peer@localhost/r');
  return { localpart, id, receivedAt, peer, ownResource: undefined, text: `<message id='${id}'/>` };
}

/** UIDs of an archive, oldest first. */
export async function storedIds(database: Kysely<ArchiveSchema>, localpart: string): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('archive_message')
    .select('id')
    .where('localpart', '=', localpart)
    .orderBy('sequence')
    .execute();
  return rows.map(({ id }) => id);
}
