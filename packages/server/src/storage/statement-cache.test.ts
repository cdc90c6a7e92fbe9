import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqliteDatabase } from 'kysely';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StatementCache } from './statement-cache.ts';

let directory: string;
let database: InstanceType<typeof Database>;
let cache: StatementCache;
let compiled: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-statements-'));
  database = new Database(join(directory, 'test.db'));
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('create table reading (id integer primary key, value integer)');
  compiled = [];
  const counting: SqliteDatabase = {
    prepare: (sql) => {
      compiled.push(sql);
      return database.prepare(sql) as ReturnType<SqliteDatabase['prepare']>;
    },
    close: () => database.close(),
  };
  cache = new StatementCache(counting);
});
afterEach(() => {
  cache.close();
  rmSync(directory, { recursive: true });
});

const INSERT = 'insert into reading values (?, ?)';
const SELECT = 'select * from reading where id = ?';

describe('StatementCache', () => {
  it('compiles a statement once, and gives what is there each time', () => {
    expect(cache.prepare(SELECT).all([1])).toEqual([]);
    cache.prepare(INSERT).run([1, 20]);
    expect(cache.prepare(SELECT).all([1])).toEqual([{ id: 1, value: 20 }]);
    cache.prepare(INSERT).run([2, 21]);
    expect(cache.prepare(SELECT).all([2])).toEqual([{ id: 2, value: 21 }]);
    expect(compiled).toEqual([SELECT, INSERT]);
  });

  it('runs a statement again that has failed', () => {
    cache.prepare(INSERT).run([1, 20]);
    for (let i = 0; i < 2; i++) expect(() => cache.prepare(INSERT).run([1, 21])).toThrow('UNIQUE');
    cache.prepare(INSERT).run([2, 22]);
    expect(cache.prepare(SELECT).all([2])).toEqual([{ id: 2, value: 22 }]);
  });

  it('follows tables that another process changes', () => {
    expect(cache.prepare(SELECT).all([1])).toEqual([]);
    const other = new Database(join(directory, 'test.db'));
    other.exec('alter table reading add column unit text');
    other.exec("insert into reading values (1, 20, 'Cel')");
    expect(cache.prepare(SELECT).all([1])).toEqual([{ id: 1, value: 20, unit: 'Cel' }]);
    // A statement that was run to its end keeps nobody from writing the log back.
    expect(other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()).toEqual([{ busy: 0, log: 0, checkpointed: 0 }]);
    other.close();
  });

  it('keeps a bounded number, those used last', () => {
    cache.prepare(SELECT).all([1]);
    for (let i = 0; i < 500; i++) {
      cache.prepare(`select ${i}`).all([]);
      cache.prepare(SELECT).all([1]);
    }
    expect(cache.size).toBe(200);
    expect(compiled.filter((sql) => sql === SELECT)).toHaveLength(1);
  });
});
