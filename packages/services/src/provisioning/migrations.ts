import { type Kysely, type Migration, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import type { ProvisioningTables } from './tables.ts';

export const provisioningMigrations: Record<string, Migration> = {
  '2026-11-provisioning': {
    async up(database: Kysely<ProvisioningTables>) {
      const id = isSqlite(database) ? 'integer' : 'serial';
      for (const name of ['provisioning_rules', 'provisioning_questions'] as const) {
        const table = database.schema
          .createTable(name)
          .addColumn('id', id, (column) => column.primaryKey())
          .addColumn('jid', 'text', (column) => column.notNull())
          .addColumn('node_id', 'text', (column) => column.notNull())
          .addColumn('source_id', 'text', (column) => column.notNull())
          .addColumn('cache_type', 'text', (column) => column.notNull())
          .addColumn('owner', 'text', (column) => column.notNull())
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('requester', 'text', (column) => column.notNull())
          .addUniqueConstraint(`${name}_unique`, [
            'jid',
            'node_id',
            'source_id',
            'cache_type',
            'owner',
            'kind',
            'requester',
          ]);
        await (name === 'provisioning_questions'
          ? table
          : table.addColumn('is_allowed', 'integer', (column) => column.notNull()).addColumn('names', 'text')
        ).execute();
        await database.schema.createIndex(`${name}_owner`).on(name).column('owner').execute();
      }
      await database.schema
        .createTable('provisioning_things')
        .addColumn('jid', 'text', (column) => column.primaryKey())
        .addColumn('full_jid', 'text', (column) => column.notNull())
        .addColumn('needs_clear', 'integer', (column) => column.notNull())
        .execute();
    },
    async down(database: Kysely<ProvisioningTables>) {
      for (const table of ['provisioning_things', 'provisioning_questions', 'provisioning_rules']) {
        await database.schema.dropTable(table).execute();
      }
    },
  },
  '2026-12-provisioning-choices': {
    async up(database: Kysely<ProvisioningTables>) {
      const zero = (table: 'provisioning_rules' | 'provisioning_questions', name: string, type: 'integer' | 'bigint') =>
        database.schema
          .alterTable(table)
          .addColumn(name, type, (column) => column.notNull().defaultTo(0))
          .execute();
      await database.schema.alterTable('provisioning_rules').addColumn('types', 'text').execute();
      await database.schema.alterTable('provisioning_rules').addColumn('until_ms', 'bigint').execute();
      await zero('provisioning_rules', 'once', 'integer');
      await zero('provisioning_rules', 'made_at', 'bigint');
      // A domain is told from a JID without a local part.
      await sql`UPDATE provisioning_rules SET requester = '@' || requester WHERE requester <> '' AND requester NOT LIKE '%@%'`.execute(
        database,
      );
      for (const name of ['asked', 'first_at', 'last_at'] as const) {
        await zero('provisioning_questions', name, name === 'asked' ? 'integer' : 'bigint');
      }
      const texts = { names: '[]', types: '[]', service_tokens: '', device_tokens: '', user_tokens: '' };
      for (const [name, value] of Object.entries(texts)) {
        await database.schema
          .alterTable('provisioning_questions')
          .addColumn(name, 'text', (column) => column.notNull().defaultTo(value))
          .execute();
      }
      await database.schema
        .alterTable('provisioning_things')
        .addColumn('dialect', 'text', (column) => column.notNull().defaultTo('xep'))
        .execute();
      const ofThing = ['jid', 'node_id', 'source_id', 'cache_type'] as const;
      const text = (name: string, columns: readonly string[], key: readonly string[]) => {
        let table = database.schema.createTable(name);
        for (const column of columns) table = table.addColumn(column, 'text', (built) => built.notNull());
        return table.addPrimaryKeyConstraint(`${name}_key`, [...key] as never[]);
      };
      await text('provisioning_items', [...ofThing, 'kind', 'name', 'types'], [...ofThing, 'kind', 'name']).execute();
      await text('provisioning_told_owners', [...ofThing, 'owner'], ofThing)
        .addColumn('is_confirmed', 'integer', (column) => column.notNull())
        .execute();
      await text('provisioning_tokens', ['token', 'fingerprint', 'certificate', 'jid'], ['token'])
        .addColumn('made_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('provisioning_tokens_fingerprint', ['fingerprint'] as never[])
        .execute();
      await text('provisioning_users', ['token', 'service', 'credentials'], ['token'])
        .addColumn('made_at', 'bigint', (column) => column.notNull())
        .execute();
      await text('provisioning_service_items', ['service', 'kind', 'name'], ['service', 'kind', 'name']).execute();
      await database.schema
        .createTable('provisioning_numbers')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('last', 'integer', (column) => column.notNull())
        .execute();
      for (const name of ['question', 'rule'] as const) {
        const { last } = await database
          .selectFrom(`provisioning_${name}s`)
          .select(({ fn }) => fn.max('id').as('last'))
          .executeTakeFirstOrThrow();
        await database
          .insertInto('provisioning_numbers')
          .values({ name, last: last ?? 0 })
          .execute();
      }
      await database.schema
        .createIndex('provisioning_rules_until')
        .on('provisioning_rules')
        .column('until_ms')
        .execute();
      await database.schema
        .createIndex('provisioning_users_service')
        .on('provisioning_users')
        .columns(['service', 'made_at'])
        .execute();
    },
    async down(database: Kysely<ProvisioningTables>) {
      for (const table of ['items', 'told_owners', 'tokens', 'users', 'service_items', 'numbers']) {
        await database.schema.dropTable(`provisioning_${table}`).execute();
      }
      await database.schema.dropIndex('provisioning_rules_until').execute();
      const added = {
        provisioning_rules: ['types', 'until_ms', 'once', 'made_at'],
        provisioning_questions: [
          'asked',
          'first_at',
          'last_at',
          'names',
          'types',
          'service_tokens',
          'device_tokens',
          'user_tokens',
        ],
        provisioning_things: ['dialect'],
      };
      for (const [table, columns] of Object.entries(added)) {
        for (const column of columns) await database.schema.alterTable(table).dropColumn(column).execute();
      }
    },
  },
};
