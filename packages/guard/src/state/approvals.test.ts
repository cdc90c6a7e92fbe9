import { Jid } from '@thingward/xmpp';
import { expect, test } from 'vitest';
import type { Operation } from '../operation.ts';
import { ApprovalError, Approvals, describeRequest, isComplete } from './approvals.ts';

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  chiefs: ['sam@example.org', 'both@example.org', 'ana@example.org'],
  safety: ['sue@example.org', 'both@example.org'],
};

function approvals() {
  let now = Date.parse('2026-11-26T10:00:00Z');
  let ids = 0;
  const list = new Approvals(
    (jid, group) => MEMBERS[group]?.includes(jid) ?? false,
    () => new Date(now),
    () => `r${++ids}`,
  );
  return { list, pass: (ms: number) => (now += ms) };
}

function asks(name: string, who = 'ana@example.org/desk', more: Partial<Operation> = {}): Operation {
  return {
    principal: Jid.parse(who),
    action: 'set',
    resource: { kind: 'thing', jid: 'plc@example.org' },
    circumstances: { origin: 'client', isEncrypted: true, authentication: 'challenge' },
    facts: { protocol: 'control', name },
    ...more,
  };
}

const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof ApprovalError) return error.code;
    throw error;
  }
  return undefined;
};

test('one of each group has to consent; who is in both does for both', () => {
  const { list } = approvals();
  const request = list.request([asks('Stop')], ['chiefs', 'safety'], 60_000)?.request;
  expect(list.use([asks('Stop')])).toBeUndefined();
  expect(isComplete(list.approve('r1', 'sam@example.org'))).toBe(false);
  expect(list.use([asks('Stop')])).toBeUndefined();
  expect(isComplete(list.approve('r1', 'sue@example.org'))).toBe(true);
  const used = list.use([asks('Stop')]);
  expect([...(used?.consents ?? [])]).toEqual([
    ['chiefs', 'sam@example.org'],
    ['safety', 'sue@example.org'],
  ]);
  expect(list.use([asks('Stop')])).toBeUndefined();
  expect(request?.expires).toEqual(new Date('2026-11-26T10:01:00Z'));
  list.request([asks('Stop')], ['chiefs', 'safety'], 60_000);
  expect(isComplete(list.approve('r2', 'both@example.org'))).toBe(true);
});

test('who may not approve or refuse, and what is not there', () => {
  const { list, pass } = approvals();
  list.request([asks('Stop')], ['chiefs'], 60_000);
  for (const answer of [list.approve.bind(list), list.refuse.bind(list)]) {
    expect(codeOf(() => answer('r9', 'sam@example.org'))).toBe('unknown-request');
    expect(codeOf(() => answer('r1', 'ana@example.org'))).toBe('own-request');
    expect(codeOf(() => answer('r1', 'sue@example.org'))).toBe('not-an-approver');
  }
  expect(list.refuse('r1', 'sam@example.org').id).toBe('r1');
  expect(list.list()).toEqual([]);
  list.request([asks('Stop')], ['chiefs'], 60_000);
  pass(59_999);
  expect(list.list()).toHaveLength(1);
  pass(1);
  expect(codeOf(() => list.approve('r2', 'sam@example.org'))).toBe('unknown-request');
});

test('consent is for just what was asked for, by just who asked', () => {
  const { list } = approvals();
  list.request([asks('Stop')], ['chiefs'], 60_000);
  list.approve('r1', 'sam@example.org');
  const others = [
    [asks('Start')],
    [asks('Stop', 'tom@example.org/desk')],
    [asks('Stop', 'ana@example.org', { action: 'write' })],
    [asks('Stop', 'ana@example.org', { resource: { kind: 'service', jid: 'plc@example.org' } })],
    [asks('Stop', 'ana@example.org', { resource: { kind: 'thing', jid: 'other@example.org' } })],
    [asks('Stop', 'ana@example.org', { resource: { kind: 'thing', jid: 'plc@example.org', node: 'a' } })],
    [asks('Stop', 'ana@example.org', { facts: { protocol: 'control', name: 'Stop', text: '1' } })],
    [asks('Stop'), asks('Stop')],
    [],
  ];
  for (const other of others) expect(list.use(other)).toBeUndefined();
  // Whatever the connection, and in whatever order it is said.
  const again = asks('Stop', 'ana@example.org/phone', {
    facts: { text: undefined, name: 'Stop', protocol: 'control' },
  });
  expect(list.use([again])?.id).toBe('r1');
});

test('a request is found again, unless more have to consent by now', () => {
  const { list } = approvals();
  expect(list.request([], ['chiefs'], 1)).toBeUndefined();
  expect(list.request([asks('Stop')], ['chiefs'], 60_000)?.isNew).toBe(true);
  expect(list.request([asks('Stop')], ['chiefs'], 60_000)).toMatchObject({ isNew: false, request: { id: 'r1' } });
  expect(list.request([asks('Stop')], ['chiefs', 'safety'], 60_000)).toMatchObject({ isNew: true });
});

test('neither one nor all fill the list', () => {
  const { list } = approvals();
  const ask = (who: number, i: number) => list.request([asks(`P${i}`, `u${who}@example.org`)], ['chiefs'], 60_000);
  for (let i = 0; i < 20; i++) expect(ask(0, i)).toBeDefined();
  expect(ask(0, 20)).toBeUndefined();
  for (let who = 1; who < 50; who++) for (let i = 0; i < 20; i++) ask(who, i);
  expect(list.list()).toHaveLength(1000);
  expect(ask(50, 0)).toBeUndefined();
});

test('a request in words', () => {
  const { list } = approvals();
  const several = Array.from({ length: 7 }, (_, i) => asks(`P${i}`));
  const request = list.request(several, ['chiefs'], 60_000)?.request;
  expect(request && describeRequest(request)).toBe(
    'r1: ana@example.org wants to set P0 of plc@example.org; set P1 of plc@example.org; set P2 of plc@example.org; ' +
      'set P3 of plc@example.org; set P4 of plc@example.org and 2 more (until 2026-11-26T10:01:00.000Z)',
  );
});
