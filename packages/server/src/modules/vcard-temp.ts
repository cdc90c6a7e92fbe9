import { parseElement } from '@thingward/xml';
import { StanzaError, VCARD_TEMP } from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import type { ServerModule } from '../module.ts';

interface VcardTable {
  localpart: string;
  /** The vCard as XML. */
  text: string;
}

const migrations: Readonly<Record<string, Migration>> = {
  '2026-11-23-server-vcard': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('vcard')
        .addColumn('localpart', 'text', (column) =>
          column.primaryKey().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('text', 'text', (column) => column.notNull())
        .execute();
    },
  },
};

/** Keeps the vCards of accounts; anybody may read them. @see XEP-0054 */
export const vcardTemp: ServerModule = {
  name: 'vcard-temp',
  features: [VCARD_TEMP],
  accountFeatures: [VCARD_TEMP],
  migrations,
  start({ database: all, router }) {
    const database = all.withTables<{ vcard: VcardTable }>();
    router.onAccountIq('get', 'vCard', VCARD_TEMP, async ({ from, to }) => {
      const localpart = to?.local as string;
      const row = await database
        .selectFrom('vcard')
        .select('text')
        .where('localpart', '=', localpart)
        .executeTakeFirst();
      if (row) return parseElement(row.text);
      // Whether somebody else exists is not told (XEP-0054 §3.3).
      throw new StanzaError(to?.equals(from.bare) ? 'item-not-found' : 'service-unavailable');
    });
    router.onAccountIq('set', 'vCard', VCARD_TEMP, async ({ from, to, element }) => {
      if (!to?.equals(from.bare)) throw new StanzaError('forbidden', 'a vCard is written by its owner alone');
      const text = element.child('vCard', VCARD_TEMP)?.toString() ?? '';
      await database
        .insertInto('vcard')
        .values({ localpart: from.local as string, text })
        .onConflict((conflict) => conflict.column('localpart').doUpdateSet({ text }))
        .execute();
      return undefined;
    });
  },
};
