import {
  type Field,
  type FieldValue,
  HISTORY,
  type HistoryPoint,
  type NodeReference,
  queryHistory,
  setReaders,
  storeFields,
} from '@thingward/things';
import { discoInfo, Jid, ping } from '@thingward/xmpp';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { type HistoryOptions, HistoryService } from './history-service.ts';
import { historyMigrations } from './migrations.ts';
import type { HistoryTables } from './tables.ts';

const HISTORY_JID = Jid.parse('history.localhost');
const START = Date.parse('2026-01-01T00:00:00Z');
const TANK = { nodeId: 'tank', sourceId: 'plc' };

let network: MemoryNetwork;
let database: Kysely<HistoryTables>;
let history: HistoryService;
let thing: MemoryPeer;
let now: number;

async function startHistory(options: Partial<HistoryOptions> = {}) {
  const peer = network.peer('history.localhost');
  history = new HistoryService({ peer, database, clock: () => new Date(now), ...options });
  await history.start();
}

async function restart(options: Partial<HistoryOptions> = {}) {
  await history.stop();
  await startHistory(options);
}

function field(name: string, value: FieldValue, seconds = 0, node?: NodeReference): Field {
  return {
    node,
    name,
    value,
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date(START + seconds * 1000),
  };
}
const numeric = (value: string, unit = 'm'): FieldValue => ({ type: 'numeric', value, unit });
const level = (value: string, seconds: number, node?: NodeReference) => field('Level', numeric(value), seconds, node);
const at = (seconds: number) => new Date(START + seconds * 1000);

async function points(
  peer: MemoryPeer,
  query: { node?: NodeReference; from?: Date; to?: Date; maxPoints?: number; names?: string[] } = {},
) {
  const { series } = await queryHistory(peer, HISTORY_JID, { thing: thing.jid.bare, ...query });
  return series.flatMap(({ points }) => points) as HistoryPoint[];
}
const values = async (...args: Parameters<typeof points>) => (await points(...args)).map(({ value }) => value);

beforeEach(async () => {
  now = START;
  network = new MemoryNetwork();
  database = await memoryDatabase<HistoryTables>(historyMigrations);
  await startHistory();
  thing = network.peer('plc@localhost/gateway');
});

afterEach(async () => {
  await history.stop();
  await database.destroy();
  expect(network.errors).toEqual([]);
});

describe('the history', () => {
  test('says what it is', async () => {
    expect((await discoInfo(thing, HISTORY_JID)).features).toContain(HISTORY);
    await ping(thing, HISTORY_JID);
  });

  test('gives back what was stored, digits and all', async () => {
    await storeFields(thing, HISTORY_JID, [
      level('10.00', 1),
      level('9.50', 0),
      field('Pump', { type: 'boolean', value: true }),
      field('Mode', { type: 'enum', value: 'Auto', dataType: 'PumpMode' }),
      field('Total', { type: 'long', value: 2n ** 62n }),
      field('Starts', { type: 'int', value: -7 }),
      field('Note', { type: 'string', value: 'ü < & "' }),
      field('Age', { type: 'duration', value: 'P1DT2H' }),
    ]);
    const { series } = await queryHistory(thing, HISTORY_JID, { thing: thing.jid });
    expect(series).toEqual([
      { name: 'Age', type: 'duration', points: [{ timestamp: at(0), value: 'P1DT2H' }] },
      {
        name: 'Level',
        type: 'numeric',
        unit: 'm',
        points: [
          { timestamp: at(0), value: '9.50' },
          { timestamp: at(1), value: '10.00' },
        ],
      },
      { name: 'Mode', type: 'enum', dataType: 'PumpMode', points: [{ timestamp: at(0), value: 'Auto' }] },
      { name: 'Note', type: 'string', points: [{ timestamp: at(0), value: 'ü < & "' }] },
      { name: 'Pump', type: 'boolean', points: [{ timestamp: at(0), value: 'true' }] },
      { name: 'Starts', type: 'int', points: [{ timestamp: at(0), value: '-7' }] },
      { name: 'Total', type: 'long', points: [{ timestamp: at(0), value: '4611686018427387904' }] },
    ]);
  });

  test('keeps nodes, names and units apart', async () => {
    await storeFields(thing, HISTORY_JID, [
      level('1', 0),
      level('2', 0, TANK),
      level('3', 0, { nodeId: 'tank' }),
      field('Level', numeric('4', 'mm')),
    ]);
    await storeFields(network.peer('meter@localhost/x'), HISTORY_JID, [level('5', 0)]);
    expect(await values(thing)).toEqual(['1', '4']);
    expect(await values(thing, { node: TANK })).toEqual(['2']);
    expect(await values(thing, { node: { nodeId: 'tank' } })).toEqual(['3']);
    expect(await values(thing, { node: { nodeId: 'other' } })).toEqual([]);
    expect(await values(thing, { names: ['Volume'] })).toEqual([]);
  });

  test('takes the same fields again without harm, also after a restart', async () => {
    const batch = Array.from({ length: 700 }, (_, i) => level(`${i}.5`, i, i % 2 ? TANK : undefined));
    await storeFields(thing, HISTORY_JID, batch);
    await storeFields(thing, HISTORY_JID, [...batch, level('7', 10_000), level('8', 10_000)]);
    await restart();
    await Promise.all([storeFields(thing, HISTORY_JID, batch), storeFields(thing, HISTORY_JID, batch)]);
    await storeFields(thing, HISTORY_JID, [level('99', 0)]);
    expect(await values(thing)).toHaveLength(351);
    expect(await values(thing, { node: TANK })).toHaveLength(350);
    expect((await values(thing))[0]).toBe('0.5');
    expect(await values(thing, { from: at(10_000) })).toEqual(['7']);
    expect(await database.selectFrom('history_series').selectAll().execute()).toHaveLength(2);
  });

  test('stores all of a request or nothing, and says so', async () => {
    await sql`create trigger full_disk before insert on history_points when new.value_text = '3' begin select raise(abort, 'disk full'); end`.execute(
      database,
    );
    const batch = [level('1', 0), level('2', 1), level('3', 2)];
    await expect(storeFields(thing, HISTORY_JID, batch)).rejects.toMatchObject({
      condition: 'internal-server-error',
      type: 'wait',
    });
    expect(await values(thing)).toEqual([]);
    await sql`drop trigger full_disk`.execute(database);
    await storeFields(thing, HISTORY_JID, batch);
    expect(await values(thing)).toEqual(['1', '2', '3']);
  });

  test('keeps its memory of series bounded and right', async () => {
    await restart({ limits: { cachedSeries: 3 } });
    const round = (seconds: number) =>
      Array.from({ length: 10 }, (_, i) => field(`F${i}`, numeric(String(i)), seconds));
    for (let i = 0; i < 3; i++) await storeFields(thing, HISTORY_JID, round(i));
    expect(await values(thing, { names: ['F4'] })).toEqual(['4', '4', '4']);
    expect(await database.selectFrom('history_series').selectAll().execute()).toHaveLength(10);
  });
});

describe('who is no reader', () => {
  test('learns nothing, not even whether there is something', async () => {
    await storeFields(thing, HISTORY_JID, [level('1', 0), level('2', 0, TANK)]);
    await setReaders(thing, HISTORY_JID, TANK, [Jid.parse('owner@localhost/phone')]);
    const owner = network.peer('owner@localhost/tablet');
    const thief = network.peer('thief@localhost/x');
    expect(await values(owner, { node: TANK })).toEqual(['2']);
    network.sent.length = 0;
    await expect(points(owner)).rejects.toMatchObject({ condition: 'forbidden' });
    await expect(points(thief, { node: TANK })).rejects.toMatchObject({ condition: 'forbidden' });
    await expect(queryHistory(thief, HISTORY_JID, { thing: Jid.parse('nobody@localhost') })).rejects.toMatchObject({
      condition: 'forbidden',
    });
    const answers = network.sent
      .filter((text) => text.includes("type='error'"))
      .map((text) => text.slice(text.indexOf('<error')));
    expect(new Set(answers).size).toBe(1);
  });

  test('is the one taken off the list', async () => {
    await storeFields(thing, HISTORY_JID, [level('1', 0)]);
    const [a, b] = [network.peer('a@localhost/x'), network.peer('b@localhost/x')];
    await setReaders(thing, HISTORY_JID, undefined, [a.jid, b.jid, b.jid]);
    await restart();
    expect(await values(a)).toEqual(['1']);
    await setReaders(thing, HISTORY_JID, undefined, [b.jid]);
    await expect(points(a)).rejects.toThrow('forbidden');
    expect(await values(b)).toEqual(['1']);
    await setReaders(b, HISTORY_JID, undefined, [a.jid]);
    await expect(points(a)).rejects.toThrow('forbidden');
  });

  test('cannot store for others, nor from elsewhere', async () => {
    const stranger = network.peer('plc@elsewhere.org/x');
    await expect(storeFields(stranger, HISTORY_JID, [level('1', 0)])).rejects.toThrow('forbidden');
    await expect(setReaders(stranger, HISTORY_JID, undefined, [])).rejects.toThrow('forbidden');
    await setReaders(thing, HISTORY_JID, undefined, [stranger.jid]);
    expect(await values(stranger)).toEqual([]);
    await restart({ accepts: ({ domain }) => domain === 'elsewhere.org' });
    await storeFields(stranger, HISTORY_JID, [level('1', 0)]);
    expect(await values(stranger)).toEqual([]);
  });
});

describe('bounds', () => {
  test('of requests are told with what is allowed', async () => {
    await restart({
      limits: {
        fieldsPerStore: 2,
        valueCharacters: 10,
        nameCharacters: 10,
        seriesPerJid: 3,
        readersPerThing: 1,
        readersPerJid: 2,
      },
    });
    const refused = (fields: Field[], text: string) =>
      expect(storeFields(thing, HISTORY_JID, fields)).rejects.toThrow(text);
    await refused([level('1', 0), level('1', 1), level('1', 2)], 'policy-violation: at most 2 fields');
    await refused([field('Note', { type: 'string', value: 'x'.repeat(11) })], 'policy-violation: a value');
    await refused([field('x'.repeat(10), numeric('1'))], 'policy-violation: a name');
    await refused([level('1', 0, { nodeId: 'x'.repeat(257) })], 'policy-violation');
    await storeFields(thing, HISTORY_JID, [field('A', numeric('1')), field('B', numeric('1'))]);
    await refused([field('C', numeric('1')), field('D', numeric('1'))], 'resource-constraint');
    await storeFields(thing, HISTORY_JID, [field('C', numeric('1')), field('A', numeric('1'), 1)]);
    expect(await values(thing)).toHaveLength(4);
    await expect(setReaders(thing, HISTORY_JID, undefined, [thing.jid, HISTORY_JID])).rejects.toThrow(
      'policy-violation',
    );
    for (const nodeId of ['1', '2', '2']) await setReaders(thing, HISTORY_JID, { nodeId }, [HISTORY_JID]);
    await expect(setReaders(thing, HISTORY_JID, { nodeId: '3' }, [HISTORY_JID])).rejects.toThrow('resource-constraint');
  });

  test('of answers are kept', async () => {
    await restart({ limits: { seriesPerAnswer: 2, pointsPerAnswer: 6, answerBytes: 400 } });
    const fields = Array.from({ length: 5 }, (_, i) => [
      level(String(i), i),
      field('Flow', numeric(String(i)), i),
    ]).flat();
    await storeFields(thing, HISTORY_JID, fields);
    expect(await values(thing, { names: ['Level', 'Flow'], to: at(1) })).toHaveLength(4);
    await expect(points(thing)).rejects.toThrow('not-acceptable: the answer would be too large');
    await storeFields(thing, HISTORY_JID, [field('Third', numeric('1'))]);
    await expect(points(thing)).rejects.toThrow('not-acceptable: there are more than 2 fields');
    await expect(points(thing, { names: ['a', 'b', 'c'] })).rejects.toThrow('policy-violation');
  });
});

describe('a query', () => {
  beforeEach(async () => {
    await storeFields(
      thing,
      HISTORY_JID,
      Array.from({ length: 100 }, (_, i) => level(`${i}.5${i === 42 ? '0' : ''}`, i)),
    );
  });

  test('of a range includes its ends', async () => {
    expect(await values(thing, { from: at(10), to: at(12) })).toEqual(['10.5', '11.5', '12.5']);
    expect(await values(thing, { from: at(98) })).toEqual(['98.5', '99.5']);
    expect(await values(thing, { to: at(0) })).toEqual(['0.5']);
    expect(await values(thing, { from: at(200) })).toEqual([]);
  });

  test('for as many points as there are gives them as they are', async () => {
    expect((await points(thing, { maxPoints: 100 }))[42]).toEqual({ timestamp: at(42), value: '42.50' });
  });

  test('for fewer gives the average, extremes and count of equal intervals, with the decimals of the values', async () => {
    const aggregated = await points(thing, { maxPoints: 10 });
    expect(aggregated).toHaveLength(10);
    expect(aggregated[0]).toEqual({ timestamp: at(0), value: '5.0', min: '0.5', max: '9.5', count: 10 });
    expect(aggregated[4]).toMatchObject({ value: '45.00', min: '40.50', max: '49.50', count: 10 });
    expect(aggregated.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(100);
    expect(await points(thing, { maxPoints: 1 })).toEqual([
      { timestamp: at(0), value: '50.00', min: '0.50', max: '99.50', count: 100 },
    ]);
  });

  test('leaves out intervals without points', async () => {
    await storeFields(thing, HISTORY_JID, [level('7', 1000)]);
    const aggregated = await points(thing, { maxPoints: 10 });
    expect(aggregated.map(({ count }) => count)).toEqual([100, 1]);
  });

  test('for fewer values that are no numbers gives the last of each interval', async () => {
    const pump = Array.from({ length: 10 }, (_, i) => field('Pump', { type: 'boolean', value: i % 5 === 4 }, i));
    await storeFields(thing, HISTORY_JID, pump);
    expect(await points(thing, { names: ['Pump'], maxPoints: 2 })).toEqual([
      { timestamp: at(4), value: 'true' },
      { timestamp: at(9), value: 'true' },
    ]);
  });

  test('of whole numbers gives whole averages', async () => {
    const starts = Array.from({ length: 4 }, (_, i) => field('Starts', { type: 'int', value: i }, i));
    await storeFields(thing, HISTORY_JID, starts);
    expect(await points(thing, { names: ['Starts'], maxPoints: 1 })).toEqual([
      { timestamp: at(0), value: '2', min: '0', max: '3', count: 4 },
    ]);
  });
});

describe('retention', () => {
  const countPoints = async () => (await database.selectFrom('history_points').select('timestamp').execute()).length;

  test('deletes what is older, step by step, and nothing else', async () => {
    const limits = { fieldsPerStore: 10_000 };
    await restart({ limits });
    await storeFields(
      thing,
      HISTORY_JID,
      Array.from({ length: 4500 }, (_, i) => level('1', i)),
    );
    await storeFields(
      thing,
      HISTORY_JID,
      Array.from({ length: 250 }, (_, i) => field(`F${i}`, numeric('1'))),
    );
    now = START + 86_400_000 + 4_490_000;
    await restart({ limits, retentionDays: 1, pruning: { stepPauseMs: 1, roundPauseMs: 5 } });
    await expect.poll(countPoints).toBe(10);
    expect(await values(thing, { names: ['Level'], from: at(4490) })).toHaveLength(10);
    now += 5000;
    await expect.poll(countPoints).toBe(5);
  });

  test('goes on after an error', async () => {
    await storeFields(thing, HISTORY_JID, [level('1', 0)]);
    await sql`create trigger locked before delete on history_points begin select raise(abort, 'locked'); end`.execute(
      database,
    );
    now = START + 2 * 86_400_000;
    const errors: object[] = [];
    const log = { debug() {}, info() {}, warn() {}, error: (details: object) => errors.push(details) };
    await restart({ retentionDays: 1, pruning: { stepPauseMs: 1, roundPauseMs: 5 }, log });
    await expect.poll(() => errors.length).toBeGreaterThan(1);
    await sql`drop trigger locked`.execute(database);
    await expect.poll(countPoints).toBe(0);
  });

  test('is for ever when nothing is said', async () => {
    await storeFields(thing, HISTORY_JID, [level('1', 0)]);
    now = START + 100_000 * 86_400_000;
    await restart({ pruning: { stepPauseMs: 1, roundPauseMs: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await countPoints()).toBe(1);
  });
});
