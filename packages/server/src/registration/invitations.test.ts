import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Accounts } from '../accounts.ts';
import { openServerDatabase } from '../server-database.ts';
import { type InvitationSchema, Invitations } from './invitations.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let directory: string;
let database: Awaited<ReturnType<typeof openServerDatabase>>;
let invitations: Invitations;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-invitations-'));
  database = await openServerDatabase({ storage: 'sqlite', dataDir: directory });
  await new Accounts(database.query, 'localhost').add('bard', 'bard');
  invitations = new Invitations(database.query.withTables<InvitationSchema>());
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const create = (now: number, localpart?: string) =>
  invitations.create({ localpart, inviter: 'bard', befriends: false, expiresAt: new Date(now + HOUR) }, now);

describe('invitations', () => {
  it('are over after their time, and the name is free again', async () => {
    const token = await create(0, 'juliet');
    expect(await invitations.find(token, HOUR - 1)).toMatchObject({ localpart: 'juliet', inviter: 'bard' });
    expect(await invitations.isPromised('juliet', undefined, HOUR - 1)).toBe(true);
    expect(await invitations.find(token, HOUR)).toBeUndefined();
    expect(await invitations.isPromised('juliet', undefined, HOUR)).toBe(false);
  });

  it('XEP-0445 §4: who has shown a token in time may use it a little later, once', async () => {
    const found = await invitations.find(await create(0), 1);
    if (!found) throw new Error('not found');
    await create(2 * HOUR);
    await database.query.transaction().execute((transaction) => invitations.use(found, transaction));
    const again = database.query.transaction().execute((transaction) => invitations.use(found, transaction));
    await expect(again).rejects.toMatchObject({ condition: 'not-allowed' });
    const late = await invitations.find(await create(0), 1);
    await create(3 * DAY);
    const use = () =>
      database.query.transaction().execute((transaction) => invitations.use(late ?? found, transaction));
    await expect(use()).rejects.toThrow('used already');
  });

  it('leave no token in the database', async () => {
    const token = await create(Date.now());
    await database.close();
    expect(readFileSync(join(directory, 'thingward.db')).includes(token)).toBe(false);
    database = await openServerDatabase({ storage: 'sqlite', dataDir: directory });
  });

  it('go with the account of who made them', async () => {
    const token = await create(0);
    await new Accounts(database.query, 'localhost').remove('bard');
    expect(await invitations.find(token, 1)).toBeUndefined();
  });
});
