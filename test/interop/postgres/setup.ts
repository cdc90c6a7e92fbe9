import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { vi } from 'vitest';
import { databaseNamed } from './database-named.ts';

type DatabaseModule = typeof import('../../../packages/server/src/storage/database.ts');

// Each file that a test would open is a database of PostgreSQL here.
vi.mock('../../../packages/server/src/storage/database.ts', async (importOriginal) => {
  const original = await importOriginal<DatabaseModule>();
  const openDatabase: DatabaseModule['openDatabase'] = async (place, ...rest) =>
    original.openDatabase(
      place.startsWith('postgres') ? place : await databaseNamed(place === ':memory:' ? randomUUID() : resolve(place)),
      ...rest,
    );
  return { ...original, openDatabase };
});

vi.mock('../../../packages/services/test/memory-database.ts', async () => {
  const { openDatabase } = await vi.importActual<DatabaseModule>('../../../packages/server/src/storage/database.ts');
  return {
    memoryDatabase: async (migrations: Parameters<DatabaseModule['openDatabase']>[1]) =>
      (
        await openDatabase(await databaseNamed(randomUUID()), migrations, {
          connections: '2026-01-registry' in migrations ? 4 : 1,
        })
      ).query,
  };
});
