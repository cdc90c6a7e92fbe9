import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from '../storage/database.ts';
import { serverMigrations } from '../storage/migrations.ts';
import type { ServerSchema } from '../storage/schema.ts';
import { SLOT_MS, type Upload, UploadStore } from './upload-store.ts';
import { type UploadSchema, uploadMigrations } from './upload-tables.ts';

const DAY_MS = 86_400_000;
const { signal } = new AbortController();
let database: OpenDatabase<ServerSchema & UploadSchema>;
let directory: string;
let store: UploadStore;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-upload-'));
  database = await openDatabase<ServerSchema & UploadSchema>(':memory:', { ...serverMigrations, ...uploadMigrations });
  for (const localpart of ['romeo', 'juliet']) {
    await database.query.insertInto('account').values({ localpart, created_at: 0 }).execute();
  }
  store = new UploadStore(database.query.withTables<UploadSchema>(), directory, {
    quotaBytes: 24_000,
    retentionDays: 2,
  });
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const reserve = (size: number, now = 0, localpart = 'romeo', keepUntil?: number) =>
  store.reserve(localpart, { filename: 'a', contentType: undefined, size, keepUntil }, now);
const content = (text: string) => Readable.from([Buffer.from(text)]);
const pathOf = ({ id }: Upload) => join(directory, id.slice(0, 2), id);
async function put(text: string, now = 0): Promise<Upload> {
  const upload = await reserve(text.length, now);
  await store.receive(upload, content(text), now);
  return upload;
}

it('takes exactly what was announced', async () => {
  const upload = await reserve(5);
  await expect(store.receive(upload, content('four'), 0)).rejects.toMatchObject({ code: 'wrong-size' });
  await expect(store.receive(upload, content('sixsix'), 0)).rejects.toMatchObject({ code: 'wrong-size' });
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('he');
      throw new Error('reset');
    })(),
  );
  await expect(store.receive(upload, broken, 0)).rejects.toMatchObject({ code: 'interrupted' });
  expect(await store.find(upload.id, 0)).toBeUndefined();
  await store.receive(await store.waiting(upload.id, 0), content('hello'), 0);
  expect(await store.find(upload.id, 0)).toEqual(upload);
  await expect(store.waiting(upload.id, 0)).rejects.toMatchObject({ code: 'taken' });
  await expect(store.waiting('x', 0)).rejects.toMatchObject({ code: 'gone' });
});

it('tells of a disk that does not take it', async () => {
  const upload = await reserve(5);
  writeFileSync(join(directory, 'partial'), 'in the way');
  await expect(store.receive(upload, content('hello'), 0)).rejects.toMatchObject({ code: 'EEXIST' });
  store.removePartial();
  await store.receive(upload, content('hello'), 0);
});

it('throws a file away whose account has gone meanwhile', async () => {
  const upload = await reserve(5);
  await database.query.deleteFrom('account').where('localpart', '=', 'romeo').execute();
  await expect(store.receive(upload, content('hello'), 0)).rejects.toMatchObject({ code: 'gone' });
  expect(existsSync(pathOf(upload))).toBe(false);
});

it('has room for so much, and for more when something ends', async () => {
  await put('x'.repeat(8000));
  await put('x', 1000);
  await reserve(7000, 2000);
  await reserve(1, 3000);
  await reserve(8000, 3000, 'juliet');
  const error = await reserve(8000, 4000).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    condition: 'resource-constraint',
    application: { attributes: { stamp: new Date(3000 + SLOT_MS).toISOString() } },
  });
  const later = await reserve(16_000, 4000 + SLOT_MS).catch((thrown: unknown) => thrown);
  expect(later).toMatchObject({ application: { attributes: { stamp: new Date(2 * DAY_MS).toISOString() } } });
  await expect(reserve(24_001, 4000)).rejects.toMatchObject({ condition: 'not-acceptable' });
  // What nobody came for does not count.
  await expect(reserve(8000, 4000 + SLOT_MS)).resolves.toBeDefined();
});

it('clears away what is too old, what nobody came for, and what nobody knows', async () => {
  const old = await put('old');
  const short = await reserve(5, 0, 'romeo', 5000);
  await store.receive(short, content('short'), 0);
  const fresh = await put('fresh', DAY_MS);
  const missed = await reserve(5, DAY_MS);
  mkdirSync(join(directory, 'zz'));
  writeFileSync(join(directory, 'zz', 'unknown'), 'x');
  await store.sweep(5000, signal);
  expect([old, short, fresh].map((upload) => existsSync(pathOf(upload)))).toEqual([true, false, true]);
  expect(existsSync(join(directory, 'zz', 'unknown'))).toBe(false);
  await store.sweep(2 * DAY_MS, signal);
  expect([old, fresh].map((upload) => existsSync(pathOf(upload)))).toEqual([false, true]);
  await expect(store.waiting(missed.id, 2 * DAY_MS)).rejects.toMatchObject({ code: 'gone' });
  expect(await database.query.selectFrom('upload').select('id').execute()).toEqual([{ id: fresh.id }]);
});

it('does not give what got lost or damaged', async () => {
  const upload = await put('hello');
  expect(await (await store.read(upload, { start: 1, end: 3 }))?.toArray()).toEqual([Buffer.from('ell')]);
  writeFileSync(pathOf(upload), 'hell');
  expect(await store.read(upload)).toBeUndefined();
  rmSync(pathOf(upload));
  expect(await store.read(upload)).toBeUndefined();
});
