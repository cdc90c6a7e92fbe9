import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, expect, it } from 'vitest';
import { openDatabase } from './database.ts';

const directory = mkdtempSync(join(tmpdir(), 'thingward-immediate-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('lets no other process write between what a transaction reads and writes', async () => {
  const file = join(directory, 'a.db');
  const { query, close } = await openDatabase<{ fact: { name: string } }>(file, {
    '2026-01-01-fact': {
      up: async (database) => {
        await database.schema.createTable('fact').addColumn('name', 'text').execute();
      },
    },
  });
  const other = new Database(file);
  other.exec('PRAGMA busy_timeout = 0');
  await query.transaction().execute(async (transaction) => {
    await transaction.selectFrom('fact').selectAll().execute();
    expect(() => other.exec(`INSERT INTO fact VALUES ('other')`)).toThrow('locked');
    await transaction.insertInto('fact').values({ name: 'own' }).execute();
  });
  other.exec(`INSERT INTO fact VALUES ('other')`);
  expect(await query.selectFrom('fact').selectAll().execute()).toEqual([{ name: 'own' }, { name: 'other' }]);
  other.close();
  await close();
});
