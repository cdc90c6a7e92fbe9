import { parseElement, xml } from '@thingward/xml';
import { PRIVATE_STORAGE, StanzaError } from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import type { ServerModule } from '../module.ts';
import type { Stanza } from '../stanza.ts';

interface PrivateStorageTable {
  localpart: string;
  namespace: string;
  name: string;
  /** XML of the elements of this name and namespace, one after the other. */
  text: string;
}

const migrations: Readonly<Record<string, Migration>> = {
  '2026-11-23-server-private-storage': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('private_storage')
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('namespace', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('private_storage_key', ['localpart', 'namespace', 'name'])
        .execute();
    },
  },
};

/** Kinds of data an account may keep. Each is as long as a stanza at most. */
const MAX_ENTRIES = 200;

/** Keeps data for clients. @see XEP-0049 */
export const privateStorage: ServerModule = {
  name: 'private-storage',
  features: [PRIVATE_STORAGE],
  migrations,
  start({ database: all, router }) {
    const database = all.withTables<{ private_storage: PrivateStorageTable }>();
    const contentOf = ({ from, to, element }: Stanza) => {
      if (!to?.equals(from.bare)) throw new StanzaError('forbidden', 'private data is seen by its owner alone');
      const content = element.child('query', PRIVATE_STORAGE)?.elements ?? [];
      if (content.length === 0) throw new StanzaError('bad-request', 'what is it about?');
      if (content.some(({ namespace }) => isReserved(namespace))) {
        throw new StanzaError('not-acceptable', 'this namespace is reserved');
      }
      return { localpart: from.local as string, content };
    };

    router.onAccountIq('get', 'query', PRIVATE_STORAGE, async (stanza) => {
      const { localpart, content } = contentOf(stanza);
      const [wanted, ...others] = content;
      if (!wanted || others.length > 0) throw new StanzaError('not-acceptable', 'one kind of data at a time');
      const row = await database
        .selectFrom('private_storage')
        .select('text')
        .where('localpart', '=', localpart)
        .where('namespace', '=', wanted.namespace)
        .where('name', '=', wanted.name)
        .executeTakeFirst();
      const stored = row ? parseElement(`<all>${row.text}</all>`).elements : [wanted];
      return xml('query', { xmlns: PRIVATE_STORAGE }, stored);
    });

    router.onAccountIq('set', 'query', PRIVATE_STORAGE, async (stanza) => {
      const { localpart, content } = contentOf(stanza);
      const texts = new Map<string, { namespace: string; name: string; text: string }>();
      for (const element of content) {
        const { namespace, name } = element;
        const key = `${name} ${namespace}`;
        texts.set(key, { namespace, name, text: (texts.get(key)?.text ?? '') + element.toString() });
      }
      await database.transaction().execute(async (transaction) => {
        for (const { namespace, name, text } of texts.values()) {
          await transaction
            .insertInto('private_storage')
            .values({ localpart, namespace, name, text })
            .onConflict((conflict) => conflict.columns(['localpart', 'namespace', 'name']).doUpdateSet({ text }))
            .execute();
        }
        const { count } = await transaction
          .selectFrom('private_storage')
          .select(({ fn }) => fn.countAll().as('count'))
          .where('localpart', '=', localpart)
          .executeTakeFirstOrThrow();
        if (Number(count) > MAX_ENTRIES) throw new StanzaError('resource-constraint', `at most ${MAX_ENTRIES} kinds`);
      });
      return undefined;
    });
  },
};

/** @see XEP-0049 §4 */
function isReserved(namespace: string): boolean {
  return namespace === '' || namespace === 'vcard-temp' || /^(?:jabber:|http:\/\/jabber\.org\/)/.test(namespace);
}
