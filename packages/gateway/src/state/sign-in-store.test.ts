import { Jid } from '@thingward/xmpp';
import { expect, it } from 'vitest';
import { temporaryDirectory, temporaryState } from '../../test/state.ts';
import { StoredSignIns } from './sign-in-store.ts';

const PLC = Jid.parse('plc@example.org');
const METER = Jid.parse('meter@example.org');
const token = { mechanism: 'HT-SHA-256-EXPR', token: 'secret', expiresAt: new Date(1_800_000_000_000), count: 3 };

it('keeps a token for each account, over restarts', () => {
  const directory = temporaryDirectory();
  const store = new StoredSignIns(temporaryState(directory));
  expect(store.load(PLC)).toBeUndefined();
  store.save(PLC, token);
  store.save(PLC, { ...token, count: 4 });
  store.save(METER, { ...token, token: 'other' });
  const again = new StoredSignIns(temporaryState(directory));
  expect(again.load(PLC)).toEqual({ ...token, count: 4 });
  again.save(PLC, undefined);
  expect(store.load(PLC)).toBeUndefined();
  expect(store.load(METER)?.token).toBe('other');
});

it('is known by the same UUID to a server, and by another for each account', () => {
  const directory = temporaryDirectory();
  const id = new StoredSignIns(temporaryState(directory)).installationId(PLC);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const again = new StoredSignIns(temporaryState(directory));
  expect(again.installationId(PLC)).toBe(id);
  expect(again.installationId(METER)).not.toBe(id);
});
