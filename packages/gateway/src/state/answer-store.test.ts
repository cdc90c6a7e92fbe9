import { Jid } from '@thingward/xmpp';
import { expect, it } from 'vitest';
import { temporaryDirectory, temporaryState } from '../../test/state.ts';
import { StoredAnswers } from './answer-store.ts';

const load = async (store: StoredAnswers) => {
  const { server, answers } = await store.load();
  return { server: server?.toString(), answers: Object.fromEntries(answers) };
};

it('keeps answers by account and server, and the server that was found, over restarts', async () => {
  const directory = temporaryDirectory();
  const store = new StoredAnswers(temporaryState(directory), 'plc@example.org', '');
  expect(await load(store)).toEqual({ server: undefined, answers: {} });
  store.keep('a', { decision: true, at: 1 });
  store.keep('a', { decision: { names: ['Power'], types: ['momentary'] }, at: 2 });
  store.keep('b', { decision: false, at: 3 });
  store.found(Jid.parse('provisioning.example.org'));
  const again = new StoredAnswers(temporaryState(directory), 'plc@example.org', '');
  expect(await load(again)).toEqual({
    server: 'provisioning.example.org',
    answers: { a: { decision: { names: ['Power'], types: ['momentary'] }, at: 2 }, b: { decision: false, at: 3 } },
  });
  const second = new StoredAnswers(temporaryState(directory), 'plc@example.org', 'other.example.org');
  const other = new StoredAnswers(temporaryState(directory), 'other@example.org', '');
  for (const stranger of [second, other]) expect(await load(stranger)).toEqual({ server: undefined, answers: {} });
  second.forgetAll();
  again.forget('b');
  expect(Object.keys((await load(store)).answers)).toEqual(['a']);
  again.forgetAll();
  expect((await load(store)).answers).toEqual({});
});
