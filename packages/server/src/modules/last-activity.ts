import { encodeLastActivity, type Jid, LAST_ACTIVITY, StanzaError } from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import { PASSES_DATA } from '../hooks.ts';
import type { ServerModule } from '../module.ts';

interface LastActivityTable {
  localpart: string;
  /** Milliseconds since 1970. */
  left_at: number;
  status: string | null;
}

const migrations: Readonly<Record<string, Migration>> = {
  '2026-11-23-server-last-activity': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('last_activity')
        .addColumn('localpart', 'text', (column) =>
          column.primaryKey().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('left_at', 'bigint', (column) => column.notNull())
        .addColumn('status', 'text')
        .execute();
    },
  },
};

/** Tells how long the server runs, and since when an account is away. @see XEP-0012 */
export const lastActivity: ServerModule = {
  name: 'last-activity',
  features: [LAST_ACTIVITY],
  accountFeatures: [LAST_ACTIVITY],
  migrations,
  start({ accounts, database: all, hooks, rosters, router, sessions }) {
    const database = all.withTables<{ last_activity: LastActivityTable }>();
    const startedAt = Date.now();
    const secondsSince = (time: number) => Math.max(0, Math.floor((Date.now() - time) / 1000));

    router.onServerIq('get', 'query', LAST_ACTIVITY, () => encodeLastActivity({ seconds: secondsSince(startedAt) }));

    const authorise = async (account: string, asker: Jid) => {
      const isOwn = asker.bare.equals(router.accountJid(account));
      if (!isOwn && !(await rosters.entry(account, asker.bare)).from) throw new StanzaError('forbidden');
    };
    router.onAccountIq('get', 'query', LAST_ACTIVITY, async ({ from, to }) => {
      const localpart = to?.local as string;
      await authorise(localpart, from);
      // Whether somebody is connected who shows no presence is told to the account itself alone.
      const present = from.bare.equals(to as Jid) ? sessions.of(localpart) : sessions.availableOf(localpart);
      if (present.length > 0) return encodeLastActivity({ seconds: 0 });
      const row = await database
        .selectFrom('last_activity')
        .selectAll()
        .where('localpart', '=', localpart)
        .executeTakeFirst();
      if (!row) throw new StanzaError('service-unavailable', 'nothing is known');
      return encodeLastActivity({ seconds: secondsSince(Number(row.left_at)), status: row.status ?? undefined });
    });

    // A client is asked by those who see its presence alone; others learn nothing from how it answers (XEP-0012 §4).
    hooks.onReceiving((stanza, localpart) => {
      const { kind, type, payload, from, to } = stanza;
      if (kind !== 'iq' || type !== 'get' || payload?.namespace !== LAST_ACTIVITY || to?.resource === undefined) return;
      const directed = sessions.get(to)?.directed;
      if (directed?.has(from.toString()) || directed?.has(from.bare.toString())) return;
      return authorise(localpart, from).then(() => undefined);
    }, PASSES_DATA);
    hooks.onUnavailable(async ({ localpart }, farewell) => {
      if (sessions.availableOf(localpart).length > 0 || !(await accounts.exists(localpart))) return;
      const values = { left_at: Date.now(), status: farewell.element.child('status')?.text ?? null };
      await database
        .insertInto('last_activity')
        .values({ localpart, ...values })
        .onConflict((conflict) => conflict.column('localpart').doUpdateSet(values))
        .execute();
    });
  },
};
