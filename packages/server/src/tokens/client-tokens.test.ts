import { SILENT_LOGGER } from '@thingward/xmpp';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type OpenDatabase, openDatabase } from '../storage/database.ts';
import { serverMigrations } from '../storage/migrations.ts';
import type { ServerSchema } from '../storage/schema.ts';
import { ClientTokens } from './client-tokens.ts';

const DAY_MS = 24 * 3600 * 1000;
const client = { localpart: 'romeo', userAgentId: 'd4565fa7-4d72-4749-b3d3-740edbf87770' };

let database: OpenDatabase<ServerSchema>;
let tokens: ClientTokens;
beforeEach(async () => {
  vi.useFakeTimers({ now: 0, toFake: ['Date', 'setInterval', 'clearInterval'] });
  database = await openDatabase<ServerSchema>(':memory:', serverMigrations);
  await database.query.insertInto('account').values({ localpart: 'romeo', created_at: 0 }).execute();
  const settings = { lifetimeDays: 10, maxPerAccount: 3 };
  tokens = new ClientTokens(database.query, Buffer.alloc(32, 1), settings, SILENT_LOGGER);
});
afterEach(async () => {
  tokens.stop();
  await database.close();
  vi.useRealTimers();
});

const count = async () => (await database.query.selectFrom('token').selectAll().execute()).length;

it('removes what has been too old for a week, at the start and every hour', async () => {
  await tokens.issue(client, 'HT-SHA-256-NONE');
  vi.setSystemTime(16.9 * DAY_MS);
  tokens.start();
  await vi.waitFor(async () => expect(await count()).toBe(1));
  vi.setSystemTime(17.1 * DAY_MS);
  vi.advanceTimersByTime(3600 * 1000);
  await vi.waitFor(async () => expect(await count()).toBe(0));
});

it('gives a client two at most: the one it uses, and the newest', async () => {
  await tokens.issue(client, 'HT-SHA-256-NONE');
  const [used] = await tokens.held(client, 'HT-SHA-256-NONE');
  expect(used && (await tokens.use(client, used, 1))).toBe(true);
  for (let i = 0; i < 5; i++) await tokens.issue(client, 'HT-SHA-256-NONE');
  expect(await count()).toBe(2);
  expect((await tokens.held(client, 'HT-SHA-256-NONE')).map(({ id }) => id === used?.id)).toEqual([false, true]);
});

it('keeps nothing in the database that a token could be made of without the key', async () => {
  const { token } = await tokens.issue(client, 'HT-SHA-256-NONE');
  expect((await tokens.held(client, 'HT-SHA-256-NONE'))[0]?.token).toBe(token);
  const settings = { lifetimeDays: 10, maxPerAccount: 3 };
  const others = new ClientTokens(database.query, Buffer.alloc(32, 2), settings, SILENT_LOGGER);
  expect((await others.held(client, 'HT-SHA-256-NONE'))[0]?.token).not.toBe(token);
  expect(JSON.stringify(await database.query.selectFrom('token').selectAll().execute())).not.toContain(token);
});
