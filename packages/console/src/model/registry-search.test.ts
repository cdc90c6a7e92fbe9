import { Jid } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { deferred, TestConnection } from './connection.fixture.ts';
import { operatorOf, RegistrySearch } from './registry-search.ts';

const thing = (name: string) => ({
  jid: Jid.parse(`${name}@localhost`),
  node: undefined,
  owner: Jid.parse('owner@localhost'),
  tags: [],
});

describe('operatorOf', () => {
  it('makes conditions of texts and numbers', () => {
    expect(operatorOf({ tag: 'class', comparison: 'strEq', value: 'Meter' })).toEqual({
      operator: 'strEq',
      name: 'CLASS',
      value: 'Meter',
    });
    expect(operatorOf({ tag: 'MODEL', comparison: 'strMask', value: 'EM*' })).toMatchObject({ wildcard: '*' });
    expect(operatorOf({ tag: 'V', comparison: 'numGtEq', value: '1.2' })).toMatchObject({ value: 1.2 });
  });

  it.each([
    [{ tag: '', comparison: 'strEq', value: 'x' }, /name of a tag/],
    [{ tag: 'A B', comparison: 'strEq', value: 'x' }, /spaces/],
    [{ tag: 'V', comparison: 'numEq', value: '' }, /number/],
    [{ tag: 'V', comparison: 'numEq', value: 'x' }, /number/],
  ] as const)('says what is wrong with %o', (condition, problem) => {
    expect(operatorOf(condition)).toEqual({ problem: expect.stringMatching(problem) });
  });
});

describe('RegistrySearch', () => {
  it('gives page after page', async () => {
    const connection = new TestConnection();
    connection.onSearch = async (offset) =>
      offset === 0 ? { things: [thing('a')], more: true } : { things: [thing('b')], more: false };
    const search = new RegistrySearch(connection);
    await search.search([{ tag: 'CLASS', comparison: 'strEq', value: 'Meter' }]);
    expect(search.state.value).toMatchObject({ kind: 'found', more: true });
    await search.more();
    expect(search.state.value).toMatchObject({ kind: 'found', more: false, things: [thing('a'), thing('b')] });
  });

  it('shows the answer to the last search only', async () => {
    const connection = new TestConnection();
    const slow = deferred<void>();
    const search = new RegistrySearch(connection);
    connection.onSearch = async () => {
      await slow.promise;
      return { things: [thing('old')], more: false };
    };
    const condition = { tag: 'CLASS', comparison: 'strEq', value: 'x' } as const;
    const first = search.search([condition]);
    connection.onSearch = async () => ({ things: [thing('new')], more: false });
    await search.search([condition]);
    slow.resolve();
    await first;
    expect(search.state.value).toMatchObject({ things: [thing('new')] });
  });
});
