import type { AccessQuestionToOwner } from '@thingward/things';
import { Jid, StanzaError } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { Access } from './access.ts';
import { choiceOf, contentOf, partText, scopesOf, subjectText } from './access-choice.ts';
import { deferred, TestConnection } from './connection.fixture.ts';

const NOW = new Date('2026-06-01T00:00:00Z');
const question = (id: number, rest: Partial<AccessQuestionToOwner> = {}): AccessQuestionToOwner => ({
  id,
  jid: Jid.parse('plant@localhost'),
  node: { nodeId: 'meter' },
  kind: 'read',
  requester: Jid.parse('reader@example.org'),
  asked: 1,
  first: NOW,
  last: NOW,
  types: [],
  items: [],
  ...rest,
});

async function opened(connection = new TestConnection()): Promise<{ access: Access; connection: TestConnection }> {
  const access = new Access(connection);
  connection.become('online');
  await expect.poll(() => access.state.value.kind).not.toBe('loading');
  return { access, connection };
}

describe('Access', () => {
  it('has what waits and what was decided, from when we are online, and again when somebody asks', async () => {
    const { access, connection } = await opened();
    expect(access.questions.value).toEqual([]);
    connection.ask(question(1));
    await expect.poll(() => access.questions.value.map(({ id }) => id)).toEqual([1]);
    expect(
      await access.answer(1, 'requester', { isAllowed: true, duration: 'day', names: ['Power'] }, NOW),
    ).toBeUndefined();
    expect(access.questions.value).toEqual([]);
    expect(access.rules.value).toMatchObject([
      { isAllowed: true, names: ['Power'], until: new Date('2026-06-02T00:00:00Z') },
    ]);
    const id = access.rules.value[0]?.id ?? 0;
    await access.edit(id, { isAllowed: false, duration: 'always', names: ['Power'] }, NOW);
    expect(access.rules.value).toMatchObject([{ id, isAllowed: false }]);
    await access.withdraw(id);
    expect(access.rules.value).toEqual([]);
    access.close();
  });

  it('says what went wrong, and shows what is there', async () => {
    const { access, connection } = await opened();
    connection.ask(question(1));
    await expect.poll(() => access.questions.value.length).toBe(1);
    connection.questions = [];
    expect(await access.answer(1, 'requester', { isAllowed: true, duration: 'always' }, NOW)).toContain(
      'no such question',
    );
    expect(access.questions.value).toEqual([]);
    connection.ask(question(2));
    await access.dismiss(2);
    expect(access.questions.value).toEqual([]);
    connection.onAccess = () => Promise.reject(new StanzaError('remote-server-timeout'));
    await access.refresh();
    expect(access.state.value).toEqual({ kind: 'loaded', problem: 'No answer in time.' });
  });

  it('knows that there is no provisioning server', async () => {
    const connection = new TestConnection();
    connection.onAccess = () =>
      Promise.reject(new StanzaError('item-not-found', 'localhost has no provisioning server.'));
    const { access } = await opened(connection);
    expect(access.state.value).toEqual({ kind: 'absent', problem: 'localhost has no provisioning server.' });
  });

  it('shows the last answer only', async () => {
    const { access, connection } = await opened();
    const slow = deferred<void>();
    connection.onAccess = () => slow.promise;
    connection.questions = [question(1)];
    const first = access.refresh();
    connection.onAccess = async () => {};
    connection.questions = [question(2)];
    await access.refresh();
    slow.resolve();
    await first;
    expect(access.questions.value.map(({ id }) => id)).toEqual([2]);
  });
});

describe('a choice', () => {
  it('is what the provisioning server takes', () => {
    expect(contentOf({ isAllowed: true, duration: 'once', types: ['momentary'] }, NOW)).toEqual({
      isAllowed: true,
      names: undefined,
      types: ['momentary'],
      once: true,
    });
    expect(contentOf({ isAllowed: false, duration: 'always', names: ['Power'] }, NOW)).toEqual({ isAllowed: false });
  });

  it('begins with what a rule says, and can leave its end as it is', () => {
    const until = new Date('2027-01-01T00:00:00Z');
    const subject = { scope: 'anyone', subject: '' } as const;
    const rule = { ...question(1), ...subject, isAllowed: true, names: ['Power'], until, made: NOW };
    const choice = choiceOf(rule);
    expect(choice).toMatchObject({ duration: 'kept', names: ['Power'] });
    expect(contentOf(choice, NOW)).toMatchObject({ until, names: ['Power'] });
    expect(choiceOf({ ...rule, until: undefined }).duration).toBe('always');
  });

  it('can be for a token when one came, and only one', () => {
    const scopes = (rest: Partial<AccessQuestionToOwner>) => scopesOf(question(1, rest)).map(({ scope }) => scope);
    expect(scopes({})).toEqual(['requester', 'domain', 'anyone']);
    expect(scopes({ deviceToken: 'a', serviceToken: 'b c' })).toEqual(['requester', 'domain', 'anyone', 'device']);
  });

  it('is told in words', () => {
    expect(subjectText({ scope: 'domain', subject: 'example.org' })).toBe('Everybody at example.org');
    expect(subjectText({ scope: 'user', subject: 't' })).toBe('Who shows the user token t');
    expect(partText({ names: ['A', 'B'], types: ['momentary', 'status'] })).toBe('A, B · Momentary, Status');
    expect(partText({})).toBeUndefined();
  });
});
