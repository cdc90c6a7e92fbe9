import { describe, expect, test } from 'vitest';
import { databaseOf, openDatabase } from './database.ts';
import { isPostgresUrl, needsTls, shownPostgresUrl } from './postgres-url.ts';
import { storageSchema } from './storage-schema.ts';

describe('the address of a PostgreSQL database', () => {
  test('is taken by storage, and nothing like it', () => {
    expect(storageSchema.parse(undefined)).toBe('sqlite');
    expect(storageSchema.parse('postgres://me@db.example.org/things')).toBe('postgres://me@db.example.org/things');
    for (const wrong of ['mysql://me@host/db', 'postgres', 'postgres://me@host', 'postgres://me@host/', 'Sqlite']) {
      const { error } = storageSchema.safeParse(wrong);
      expect(error?.issues[0]?.message, wrong).toMatch(/postgres:\/\/user@host\/database/);
    }
  });

  test('is shown without its password', () => {
    const shown = shownPostgresUrl('postgres://me:top-secret@db.example.org:5433/things?password=top-secret');
    expect(shown).toBe('postgres://me@db.example.org:5433/things');
  });

  test('means TLS where it goes over a network, unless it says otherwise', () => {
    expect(needsTls('postgres://me@db.example.org/things')).toBe(true);
    expect(needsTls('postgres://me@192.0.2.1/things')).toBe(true);
    expect(needsTls('postgres://me@127.0.0.1.example.org/things')).toBe(true);
    for (const plain of [
      'postgres://me@localhost/things',
      'postgres://me@127.0.0.1/things',
      'postgres://me@[::1]/things',
      'postgres://me@/things?host=/run/postgresql',
      'postgres://me@db.example.org/things?sslmode=disable',
    ]) {
      expect(needsTls(plain), plain).toBe(false);
    }
    expect(needsTls('postgres://me@/things?host=db.example.org')).toBe(true);
  });

  test('stands for the database of whoever keeps things; else that is a file of its own', () => {
    expect(databaseOf({ storage: 'sqlite', dataDir: '/data' }, 'registry')).toBe('/data/registry.db');
    const storage = 'postgresql://me@localhost/things';
    expect(isPostgresUrl(storage)).toBe(true);
    expect(databaseOf({ storage, dataDir: '/data' }, 'registry')).toBe(storage);
  });

  test('where nothing answers is an error that says where, but not with which password', async () => {
    const failure = await openDatabase('postgres://me:top-secret@127.0.0.1:1/things', {}).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'storage',
      message: expect.stringContaining('postgres://me@127.0.0.1:1/things'),
    });
    expect(String(failure)).not.toContain('top-secret');
  });
});
