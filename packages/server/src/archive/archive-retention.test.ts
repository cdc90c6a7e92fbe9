import { SILENT_LOGGER } from '@thingward/xmpp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { archiveDatabase, archived, storedIds } from '../../test/archive-database.ts';
import type { OpenDatabase } from '../storage/database.ts';
import { ArchiveIds } from './archive-ids.ts';
import { ArchiveRetention } from './archive-retention.ts';
import type { ArchiveSchema } from './archive-tables.ts';
import { ArchiveWriter } from './archive-writer.ts';

const DAY_MS = 86_400_000;
const { signal } = new AbortController();
let database: OpenDatabase<ArchiveSchema>;
beforeEach(async () => {
  database = await archiveDatabase('romeo', 'juliet');
});
afterEach(() => database.close());

async function store(localpart: string, count: number, at: (i: number) => number): Promise<readonly string[]> {
  const writer = new ArchiveWriter(database.query, SILENT_LOGGER);
  const ids = new ArchiveIds();
  const made = Array.from({ length: count }, (_, i) => ids.next(at(i)));
  for (const [i, id] of made.entries()) writer.add(archived(localpart, id, at(i)));
  await writer.flush();
  return made;
}

it('deletes what is too old, in every archive', async () => {
  const romeo = await store('romeo', 10, (i) => i * DAY_MS);
  const juliet = await store('juliet', 700, (i) => (i < 650 ? 0 : 9 * DAY_MS));
  const retention = new ArchiveRetention(database.query, { retentionDays: 4, maxMessages: 1000 });
  await retention.trimAll(9 * DAY_MS, signal);
  expect(await storedIds(database.query, 'romeo')).toEqual(romeo.slice(5));
  expect(await storedIds(database.query, 'juliet')).toEqual(juliet.slice(650));
});

it('deletes the oldest of too many, once an archive has grown', async () => {
  const ids = await store('romeo', 1300, () => 1);
  const retention = new ArchiveRetention(database.query, { retentionDays: 1, maxMessages: 200 });
  for (let i = 0; i < 2; i++) retention.grew('romeo');
  await retention.trimGrown(signal);
  expect(await storedIds(database.query, 'romeo')).toEqual(ids);
  retention.grew('romeo');
  await retention.trimGrown(signal);
  expect(await storedIds(database.query, 'romeo')).toEqual(ids.slice(-200));
});

it('leaves no hole when the clock went back', async () => {
  const ids = await store('romeo', 3, (i) => [8, 2, 8][i]! * DAY_MS);
  const retention = new ArchiveRetention(database.query, { retentionDays: 4, maxMessages: 1000 });
  await retention.trimAll(9 * DAY_MS, signal);
  expect(await storedIds(database.query, 'romeo')).toEqual(ids);
});

it('stops when it is told to', async () => {
  await store('romeo', 10, () => 0);
  const retention = new ArchiveRetention(database.query, { retentionDays: 1, maxMessages: 5 });
  await retention.trimAll(9 * DAY_MS, AbortSignal.abort());
  expect(await storedIds(database.query, 'romeo')).toHaveLength(10);
});
