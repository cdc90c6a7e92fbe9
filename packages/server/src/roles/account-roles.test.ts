import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OpenDatabase, openDatabase } from '../storage/database.ts';
import { serverMigrations } from '../storage/migrations.ts';
import type { ServerSchema } from '../storage/schema.ts';
import { AccountRoles, isRoleName } from './account-roles.ts';

let opened: OpenDatabase<ServerSchema>;
let changes: number;
beforeEach(async () => {
  opened = await openDatabase<ServerSchema>(':memory:', serverMigrations);
  changes = 0;
  for (const localpart of ['ana', 'sam']) {
    await opened.query.insertInto('account').values({ localpart, created_at: 0 }).execute();
  }
});
afterEach(() => opened.close());

const made = () => new AccountRoles(opened.query, () => changes++);

test('roles are stored with the account, and known again', async () => {
  const roles = made();
  await roles.add('ana', 'operators');
  await roles.add('ana', 'operators');
  await roles.add('ana', 'chiefs');
  expect(roles.of('ana')).toEqual(['chiefs', 'operators']);
  expect(roles.of('sam')).toEqual([]);
  expect(changes).toBe(3);
  const again = made();
  await again.start();
  expect(again.list()).toEqual([
    { localpart: 'ana', role: 'chiefs', source: 'administrator' },
    { localpart: 'ana', role: 'operators', source: 'administrator' },
  ]);
  expect(await again.remove('ana', 'chiefs')).toBe(true);
  expect(await again.remove('ana', 'chiefs')).toBe(false);
  expect(again.of('ana')).toEqual(['operators']);
  await expect(again.add('nobody', 'operators')).rejects.toThrow();
});

test('what a provider says takes the place of what it said before, and of nothing else', async () => {
  const roles = made();
  await roles.add('ana', 'operators');
  await roles.add('ana', 'chiefs');
  expect(await roles.assign('ana', 'keycloak', ['operators', 'guests', '/staff'])).toEqual(['/staff']);
  expect(roles.of('ana')).toEqual(['chiefs', 'guests', 'operators']);
  await roles.assign('ana', 'keycloak', []);
  expect(roles.of('ana')).toEqual(['chiefs', 'operators']);
  await roles.assign('ana', 'keycloak', ['guests']);
  expect(await roles.remove('ana', 'guests')).toBe(true);
  expect(roles.of('ana')).toEqual(['chiefs', 'operators']);
});

test('who is no more has none', async () => {
  const roles = made();
  await roles.add('ana', 'operators');
  await opened.query.deleteFrom('account').where('localpart', '=', 'ana').execute();
  roles.forget('ana');
  expect(roles.list()).toEqual([]);
  const again = made();
  await again.start();
  expect(again.list()).toEqual([]);
});

test.each(['operators', 'Schicht 2', 'a.b:c_d-e', 'Ärzte'])('%s is a name', (name) => {
  expect(isRoleName(name)).toBe(true);
});
test.each(['', ' x', 'a/b', 'a\n', '-x', 'x'.repeat(101)])('%j is none', (name) => {
  expect(isRoleName(name)).toBe(false);
});
