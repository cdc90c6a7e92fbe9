import {
  FIELD_TYPES,
  type Field,
  type FieldValue,
  HISTORY,
  type NodeReference,
  type QosFlag,
  readStoredFields,
  type StoredFieldsQuery,
  setReaders,
  storeFields,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { type HistoryLimits, HistoryService } from './history-service.ts';
import { historyMigrations } from './migrations.ts';
import type { HistoryTables } from './tables.ts';

const HISTORY_JID = Jid.parse('history.localhost');
const NOW = Date.parse('2026-03-10T12:30:00Z');

let network: MemoryNetwork;
let database: Kysely<HistoryTables>;
let history: HistoryService | undefined;
let thing: MemoryPeer;

async function start(limits: Partial<HistoryLimits> = {}) {
  history = new HistoryService({
    peer: network.peer('history.localhost'),
    database,
    clock: () => new Date(NOW),
    limits,
  });
  await history.start();
}

beforeEach(async () => {
  network = new MemoryNetwork();
  database = await memoryDatabase<HistoryTables>(historyMigrations);
  thing = network.peer('plc@localhost/gateway');
});

afterEach(async () => {
  await history?.stop();
  await database.destroy();
  expect(network.errors).toEqual([]);
});

function field(name: string, value: string, time: string, changes: Partial<Field> = {}): Field {
  return {
    node: undefined,
    name,
    value: { type: 'numeric', value, unit: 'm' },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date(time),
    ...changes,
  };
}

async function read(query: Partial<StoredFieldsQuery> = {}, peer: MemoryPeer = thing): Promise<(readonly Field[])[]> {
  const pages: (readonly Field[])[] = [];
  const whole = { thing: thing.jid.bare, names: [], ...query };
  for await (const fields of readStoredFields(peer, HISTORY_JID, whole)) pages.push(fields);
  return pages;
}

const shown = (pages: (readonly Field[])[]) =>
  pages.flat().map(({ name, value, timestamp }) => `${name} ${value.value} ${timestamp.toISOString().slice(0, 19)}`);

describe('stored values', () => {
  test('of every type come back as they were, with what kinds of historical values they are', async () => {
    await start();
    const values: FieldValue[] = [
      { type: 'numeric', value: '10.00', unit: 'm' },
      { type: 'numeric', value: '-1.50E-3', unit: '' },
      { type: 'int', value: -(2 ** 31) },
      { type: 'long', value: 2n ** 63n - 1n },
      { type: 'boolean', value: false },
      { type: 'boolean', value: true },
      { type: 'enum', value: 'Auto', dataType: 'PumpMode' },
      { type: 'string', value: ' ü < & "' },
      { type: 'date', value: '2013-05-01' },
      { type: 'dateTime', value: '2013-05-01T08:00:00+09:00' },
      { type: 'duration', value: 'P1DT2H' },
      { type: 'time', value: '08:00:00.50' },
    ];
    const fields = values.map((value, i) =>
      field(`F${i}`, '', '2026-03-01T00:00:00Z', { value, types: ['momentary', 'status'] }),
    );
    await storeFields(thing, HISTORY_JID, fields);
    const [page] = await read();
    expect(page?.map(({ value }) => value)).toEqual(values);
    expect(page?.[0]?.types).toEqual([
      'status',
      'historicalSecond',
      'historicalMinute',
      'historicalHour',
      'historicalDay',
      'historicalMonth',
      'historicalOther',
    ]);
  });

  test('come page by page, series after series, none twice and none left out', async () => {
    await start({ fieldsPerPage: 7 });
    const fields = ['Level', 'Flow', 'Power'].flatMap((name) =>
      Array.from({ length: 10 }, (_, i) => field(name, String(i), `2026-03-01T00:00:0${i}Z`)),
    );
    await storeFields(thing, HISTORY_JID, fields);
    const pages = await read();
    expect(pages.map(({ length }) => length)).toEqual([7, 7, 7, 7, 2]);
    expect(new Set(shown(pages)).size).toBe(30);
    expect(shown(pages)).toEqual(
      [...fields].map(({ name, value, timestamp }) => `${name} ${value.value} ${timestamp.toISOString().slice(0, 19)}`),
    );
    const some = await read({
      names: ['Flow'],
      from: new Date('2026-03-01T00:00:03Z'),
      to: new Date('2026-03-01T00:00:05Z'),
    });
    expect(shown(some).map((text) => text.slice(0, 6))).toEqual(['Flow 3', 'Flow 4', 'Flow 5']);
    expect((await read({ maxFields: 3, names: ['Flow'] })).map(({ length }) => length)).toEqual([3, 3, 3, 1]);
  });

  test('stay within the size of an answer', async () => {
    await start({ answerBytes: 4000 });
    const value: FieldValue = { type: 'string', value: 'x'.repeat(1000) };
    await storeFields(
      thing,
      HISTORY_JID,
      [1, 2, 3, 4, 5].map((i) => field('Text', '', `2026-03-01T00:00:0${i}Z`, { value })),
    );
    expect((await read()).map(({ length }) => length)).toEqual([2, 2, 1]);
  });

  test('are for who may read them', async () => {
    await start();
    const node: NodeReference = { nodeId: 'tank' };
    await storeFields(thing, HISTORY_JID, [field('Level', '1', '2026-03-01T00:00:00Z', { node })]);
    const reader = network.peer('user@localhost/x');
    await expect(read({ node }, reader)).rejects.toMatchObject({ condition: 'forbidden' });
    await setReaders(thing, HISTORY_JID, node, [reader.jid.bare]);
    expect((await read({ node }, reader))[0]?.[0]?.node).toEqual(node);
    await expect(read({}, reader)).rejects.toMatchObject({ condition: 'forbidden' });
  });

  test.each([
    [{ after: '1' }, 'read/@after'],
    [{ after: 'x.y' }, 'read/@after'],
    [{ period: 'decade' }, 'read/@period'],
    [{ maxFields: '0' }, 'read/@maxFields'],
    [{ from: 'then' }, 'read/@from'],
    [{ thing: '@' }, 'read/@thing'],
  ])('asked for with %j are refused, saying where', async (attributes, where) => {
    await start();
    const request = xml('read', { xmlns: HISTORY, thing: thing.jid.bare.toString(), ...attributes });
    await expect(thing.request('get', HISTORY_JID, request)).rejects.toMatchObject({
      condition: 'bad-request',
      text: expect.stringContaining(where),
    });
  });
});

describe('values at the turns of a period', () => {
  test('are the last that were measured before them; estimates when they are old', async () => {
    await start({ fieldsPerPage: 2 });
    await storeFields(thing, HISTORY_JID, [
      field('Level', '1', '2026-03-10T07:30:00Z'),
      field('Level', '2', '2026-03-10T07:59:59.500Z'),
      field('Level', '3', '2026-03-10T09:00:00Z', { types: ['status'] }),
      field('Level', '4', '2026-03-10T09:15:00Z'),
      field('Level', '5', '2026-03-10T12:10:00Z'),
    ]);
    const hours = (await read({ period: 'hour' })).flat();
    expect(shown([hours])).toEqual([
      'Level 2 2026-03-10T08:00:00',
      'Level 3 2026-03-10T09:00:00',
      // Three hours of silence give nothing, and the hour that has not come yet neither.
      'Level 4 2026-03-10T10:00:00',
    ]);
    expect(hours.map(({ qos }) => qos)).toEqual([['automaticReadout'], ['automaticReadout'], ['automaticEstimate']]);
    expect(hours[1]?.types).toEqual(['status', 'historicalSecond', 'historicalMinute', 'historicalHour']);
    const since = await read({
      period: 'hour',
      from: new Date('2026-03-10T08:00:00Z'),
      to: new Date('2026-03-10T09:00:00Z'),
    });
    expect(shown(since)).toHaveLength(2);
  });

  test('of years are found without looking at what is between', async () => {
    await start();
    const stamps = Array.from({ length: 60 }, (_, i) => new Date(Date.UTC(2021, i, 15)).toISOString());
    await storeFields(
      thing,
      HISTORY_JID,
      stamps.map((time, i) => field('Energy', String(i), time)),
    );
    expect(shown(await read({ period: 'year' }))).toEqual([
      'Energy 11 2022-01-01T00:00:00',
      'Energy 23 2023-01-01T00:00:00',
      'Energy 35 2024-01-01T00:00:00',
      'Energy 47 2025-01-01T00:00:00',
      'Energy 59 2026-01-01T00:00:00',
    ]);
    expect((await read({ period: 'quarter' })).flat()).toHaveLength(20);
    const month = (await read({ period: 'month' })).flat();
    expect(month).toHaveLength(60);
    expect(month.at(-1)?.types).toEqual(
      FIELD_TYPES.filter((type) => /Second|Minute|Hour|Day|Month|Quarter|Year/.test(type)),
    );
    // Half a month old: no value of a week.
    expect((await read({ period: 'week' })).flat()).toHaveLength(60);
  });
});

describe('a value that is known already', () => {
  const store = (value: string, qos: readonly QosFlag[]) =>
    storeFields(thing, HISTORY_JID, [field('Level', value, '2026-03-01T00:00:00Z', { qos })]);
  const value = async () => (await read()).flat().map((each) => each.value.value);

  test('gives way to a more reliable one, and to no other (XEP-0323 §5.7)', async () => {
    await start();
    await store('1', ['automaticEstimate']);
    await store('2', ['missing', 'error']);
    expect(await value()).toEqual(['1']);
    await store('3', []);
    expect(await value()).toEqual(['3']);
    await store('4', ['automaticReadout', 'warning', 'powerFailure']);
    expect(await value()).toEqual(['3']);
    await store('5', ['invoiced']);
    await store('6', ['signed']);
    expect(await value()).toEqual(['5']);
    await store('7', ['signed', 'invoiced']);
    expect(await value()).toEqual(['7']);
  });

  test('or comes twice at once, is kept once', async () => {
    await start();
    const at = '2026-03-01T00:00:00Z';
    await storeFields(thing, HISTORY_JID, [
      field('Level', '1', at, { qos: ['manualEstimate'] }),
      field('Level', '2', at, { qos: ['manualReadout'] }),
      field('Level', '3', at, { qos: ['manualReadout'] }),
    ]);
    expect(await value()).toEqual(['2']);
  });
});
