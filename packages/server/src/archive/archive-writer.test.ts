import { SILENT_LOGGER } from '@thingward/xmpp';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { archiveDatabase, archived, storedIds } from '../../test/archive-database.ts';
import type { OpenDatabase } from '../storage/database.ts';
import type { ArchiveSchema } from './archive-tables.ts';
import { ArchiveWriter, DEFAULT_ARCHIVE_WRITER_LIMITS } from './archive-writer.ts';

let database: OpenDatabase<ArchiveSchema>;
beforeEach(async () => {
  database = await archiveDatabase('romeo', 'juliet');
});
afterEach(() => database.close());

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(i + from).padStart(6, '0'));

it('writes all in order, with those of many accounts together', async () => {
  const writer = new ArchiveWriter(database.query, SILENT_LOGGER);
  const ids = numbers(1000);
  for (const id of ids) writer.add(archived(Number(id) % 3 ? 'romeo' : 'juliet', id));
  await writer.flush();
  expect(writer.queueLength).toBe(0);
  expect(await storedIds(database.query, 'romeo')).toEqual(ids.filter((id) => Number(id) % 3));
  expect(await storedIds(database.query, 'juliet')).toEqual(ids.filter((id) => Number(id) % 3 === 0));
  await writer.flush();
});

it('leaves out messages of accounts that are gone', async () => {
  const writer = new ArchiveWriter(database.query, SILENT_LOGGER);
  for (const [localpart, id] of [
    ['romeo', '1'],
    ['gone', '2'],
    ['romeo', '3'],
  ] as const) {
    writer.add(archived(localpart, id));
  }
  await writer.flush();
  expect(await storedIds(database.query, 'romeo')).toEqual(['1', '3']);
  expect(await storedIds(database.query, 'gone')).toEqual([]);
});

it('makes others wait when it is full, and refuses when that takes too long; what waits is written in the end', async () => {
  const limits = { ...DEFAULT_ARCHIVE_WRITER_LIMITS, maxQueued: 10, retryMs: 20, patienceMs: 50 };
  const writer = new ArchiveWriter(database.query, SILENT_LOGGER, limits);
  await sql`alter table archive_message rename to away`.execute(database.query);
  for (const id of numbers(10)) writer.add(archived('romeo', id));
  expect(writer.isFull).toBe(true);
  await expect(writer.room()).rejects.toMatchObject({ condition: 'resource-constraint', type: 'wait' });
  await expect(writer.flush()).rejects.toMatchObject({ condition: 'resource-constraint' });
  const patient = writer.room();
  await sql`alter table away rename to archive_message`.execute(database.query);
  await patient;
  await writer.flush();
  expect(await storedIds(database.query, 'romeo')).toEqual(numbers(10));
});

it('counts characters as well', async () => {
  const limits = { ...DEFAULT_ARCHIVE_WRITER_LIMITS, maxQueuedSize: 20 };
  const writer = new ArchiveWriter(database.query, SILENT_LOGGER, limits);
  writer.add(archived('romeo', '1'));
  expect(writer.isFull).toBe(false);
  writer.add(archived('romeo', '2'));
  expect(writer.isFull).toBe(true);
  await writer.room();
  expect(writer.isFull).toBe(false);
});

it('waits for what was there, not for what comes after', async () => {
  const writer = new ArchiveWriter(database.query, SILENT_LOGGER);
  writer.add(archived('romeo', '1'));
  let next = 2;
  const busy = setInterval(() => writer.add(archived('romeo', String(next++))), 0);
  await writer.flush();
  expect((await storedIds(database.query, 'romeo'))[0]).toBe('1');
  clearInterval(busy);
  await writer.stop();
});

it('stops with everything written, or gives up', async () => {
  const limits = { ...DEFAULT_ARCHIVE_WRITER_LIMITS, retryMs: 20, patienceMs: 50 };
  const writer = new ArchiveWriter(database.query, SILENT_LOGGER, limits);
  for (const id of numbers(300)) writer.add(archived('romeo', id));
  await writer.stop();
  expect(await storedIds(database.query, 'romeo')).toEqual(numbers(300));
  const stuck = new ArchiveWriter(database.query, SILENT_LOGGER, limits);
  await sql`drop table archive_message`.execute(database.query);
  stuck.add(archived('romeo', 'x'));
  await stuck.stop();
  expect(stuck.queueLength).toBe(1);
});
