import {
  EVENT_LOG,
  EVENT_LOG_QUERY,
  type EventLogQuery,
  encodeLoggedEvent,
  type LoggedEvent,
  queryEventLog,
  sendEvents,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { discoInfo, Jid, message, ping } from '@thingward/xmpp';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { pubsubMigrations } from '../pubsub/migrations.ts';
import { PubSubService } from '../pubsub/pubsub-service.ts';
import type { PubSubTables } from '../pubsub/tables.ts';
import { SenderPace } from '../sender-pace.ts';
import { type EventLogOptions, EventLogService } from './event-log-service.ts';
import { DEFAULT_EVENT_LOG_LIMITS, shortened } from './limits.ts';
import { eventLogMigrations } from './migrations.ts';
import type { EventLogTables } from './tables.ts';

const LOG = Jid.parse('eventlog.localhost');
const ADMIN = Jid.parse('admin@localhost');
const START = Date.parse('2026-01-01T00:00:00Z');

let network: MemoryNetwork;
let database: Kysely<EventLogTables>;
let service: EventLogService;
let device: MemoryPeer;
let admin: MemoryPeer;
let now: number;

async function start(options: Partial<EventLogOptions> = {}): Promise<void> {
  const peer = network.peer(LOG.toString());
  service = new EventLogService({
    peer,
    database,
    readers: [ADMIN],
    clock: () => new Date(now),
    writePauseMs: 1,
    ...options,
  });
  await service.start();
}

function event(text: string, changes: Partial<LoggedEvent> = {}): LoggedEvent {
  return { timestamp: new Date(START), type: 'Informational', level: 'Minor', message: text, tags: [], ...changes };
}

const find = async (query: EventLogQuery = {}) => (await queryEventLog(admin, LOG, query)).events;
const messages = async (query: EventLogQuery = {}) => (await find(query)).map(({ event: { message: text } }) => text);
const written = async (count: number) => vi.waitFor(async () => expect(await find()).toHaveLength(count));

beforeEach(async () => {
  now = START;
  network = new MemoryNetwork();
  database = await memoryDatabase<EventLogTables>(eventLogMigrations);
  device = network.peer('plc@localhost/gateway');
  admin = network.peer('admin@localhost/phone');
});

afterEach(async () => {
  await service.stop();
  await database.destroy();
  expect(network.errors).toEqual([]);
});

describe('the log of events', () => {
  test('says what it is', async () => {
    await start();
    expect((await discoInfo(device, LOG)).features).toEqual(expect.arrayContaining([EVENT_LOG, EVENT_LOG_QUERY]));
    await ping(device, LOG);
  });

  test('keeps what it is told, all of it, and who told', async () => {
    await start();
    const whole = event('Low on memory.\nVery.', {
      type: 'Warning',
      level: 'Major',
      id: 'Memory',
      object: 'RAM',
      subject: 'process',
      facility: 'gateway',
      module: 'modbus',
      tags: [{ name: 'free', value: '12', type: 'xs:long' }],
      stackTrace: 'a\n  b',
    });
    sendEvents(device, LOG, [whole, event('second')]);
    await written(2);
    const [first, second] = await find();
    expect(first).toEqual({
      sequence: '1',
      sender: Jid.parse('plc@localhost'),
      received: new Date(START),
      event: whole,
    });
    expect(second?.event).toEqual(event('second'));
  });

  test.each<[string, EventLogQuery, readonly string[]]>([
    ['as severe as', { leastType: 'Warning' }, ['b', 'c']],
    ['as important as', { leastLevel: 'Medium' }, ['c']],
    ['of a facility', { facility: 'gateway' }, ['a', 'b']],
    ['about an object', { object: 'tank' }, ['b']],
    ['by a subject', { subject: 'eve' }, ['c']],
    ['of a module', { module: 'm' }, ['c']],
    ['of a kind', { id: 'X' }, ['a']],
    ['from a time', { from: new Date(START + 1) }, ['c']],
    ['to a time', { to: new Date(START) }, ['a', 'b']],
    ['of a sender', { sender: Jid.parse('other@localhost') }, []],
    ['of both', { facility: 'gateway', leastType: 'Error' }, []],
  ])('finds events %s', async (_, query, expected) => {
    await start();
    sendEvents(device, LOG, [
      event('a', { facility: 'gateway', id: 'X' }),
      event('b', { facility: 'gateway', type: 'Warning', object: 'tank' }),
      event('c', { type: 'Alert', level: 'Major', subject: 'eve', module: 'm', timestamp: new Date(START + 5) }),
    ]);
    await written(3);
    expect(await messages(query)).toEqual(expected);
  });

  test('gives the last events, those before, and those after a place', async () => {
    await start({ limits: { eventsPerAnswer: 3 } });
    sendEvents(
      device,
      LOG,
      ['1', '2', '3', '4', '5'].map((text) => event(text)),
    );
    await written(3);
    const last = await queryEventLog(admin, LOG, {});
    expect(last.part).toMatchObject({ first: '3', last: '5' });
    expect(await messages({ part: { before: '3' } })).toEqual(['1', '2']);
    expect(await messages({ part: { after: '1', max: 2 } })).toEqual(['2', '3']);
    expect(await messages({ part: { after: '5' } })).toEqual([]);
    expect(await messages({ part: { max: 0 } })).toEqual([]);
    await expect(messages({ part: { after: 'x' } })).rejects.toMatchObject({ condition: 'bad-request' });
  });

  test('gives no more than fits in a stanza', async () => {
    await start({ limits: { answerBytes: 1000 } });
    sendEvents(
      device,
      LOG,
      ['1', '2', '3', '4'].map((text) => event(text.repeat(300))),
    );
    await vi.waitFor(async () => expect((await messages({ part: { max: 1 } }))[0]).toBe('4'.repeat(300)));
    expect(await messages()).toEqual(['3'.repeat(300), '4'.repeat(300)].slice(-1 * (await messages()).length));
    expect((await messages()).length).toBeLessThan(4);
    expect((await messages({ part: { after: '0' } }))[0]).toBe('1'.repeat(300));
  });

  test('is read by those alone who are named', async () => {
    await start();
    await expect(queryEventLog(device, LOG, {})).rejects.toMatchObject({ condition: 'forbidden' });
  });

  test('is read by others whom its host knows', async () => {
    await start({ readers: [], mayRead: async (jid) => jid.equals(ADMIN) });
    await expect(queryEventLog(admin, LOG, {})).resolves.toMatchObject({ events: [] });
    await expect(queryEventLog(device, LOG, {})).rejects.toMatchObject({ condition: 'forbidden' });
  });

  test('is for the domain above it alone, and for what is well-formed', async () => {
    await start();
    const stranger = network.peer('x@elsewhere.example/y');
    sendEvents(network.peer('registry.localhost'), LOG, [event('from a service')]);
    sendEvents(stranger, LOG, [event('a')]);
    device.send(message('normal', { to: LOG }, xml('log', { xmlns: EVENT_LOG })));
    await vi.waitFor(() =>
      expect(
        network.sent.filter((text) => text.includes('type="error"') || text.includes("type='error'")),
      ).toHaveLength(2),
    );
    const answers = network.sent.join();
    expect(answers).toContain('forbidden');
    expect(answers).toContain('bad-request');
    expect(await messages()).toEqual(['from a service']);
  });

  test('takes from each sender so much in a time, and says what it left out', async () => {
    await start({ limits: { burst: 3, perMinute: 60 } });
    sendEvents(
      device,
      LOG,
      ['1', '2', '3', '4', '5'].map((text) => event(text)),
    );
    await written(3);
    expect(network.sent.join()).toContain('2 events were not logged');
    now += 1000;
    service.record(Jid.parse('other@localhost'), [event('other')]);
    sendEvents(device, LOG, [event('6')]);
    await written(5);
  });

  test('refuses a message with too many events', async () => {
    await start({ limits: { eventsPerMessage: 1 } });
    device.send(message('normal', { to: LOG }, encodeLoggedEvent(event('a')), encodeLoggedEvent(event('b'))));
    await vi.waitFor(() => expect(network.sent.join()).toContain('policy-violation'));
  });

  test('keeps events that can not be written, up to a bound, and writes them later', async () => {
    const error = vi.fn();
    await start({ limits: { waiting: 2 }, log: { debug() {}, info() {}, warn() {}, error } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await sql`ALTER TABLE event_log RENAME TO away`.execute(database);
    service.record(device.jid, [event('a'), event('b')]);
    await vi.waitFor(() => expect(error).toHaveBeenCalledTimes(1));
    expect(() => service.record(device.jid, [event('c')])).toThrow('too many events wait');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(error).toHaveBeenCalledTimes(1);
    await sql`ALTER TABLE away RENAME TO event_log`.execute(database);
    await written(2);
  });

  test('writes what waits when it stops, and forgets what is old or too much', async () => {
    await start({ writePauseMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    service.record(
      device.jid,
      ['old 1', 'old 2'].map((text) => event(text)),
    );
    await service.stop();
    now += 3 * 86_400_000;
    await start({ retentionDays: 2 });
    await vi.waitFor(async () => expect(await find()).toHaveLength(0));
    service.record(
      device.jid,
      ['1', '2', '3'].map((text) => event(text)),
    );
    await written(3);
    await service.stop();
    await start({ maxEvents: 2 });
    await vi.waitFor(async () => expect(await messages()).toEqual(['2', '3']));
    // Places are not given twice.
    expect((await find()).map(({ sequence }) => sequence)).toEqual(['4', '5']);
  });
});

describe('publication', () => {
  test('goes to a node that readers alone may see', async () => {
    const pubsubDatabase = await memoryDatabase<PubSubTables>(pubsubMigrations);
    const SERVICE = Jid.parse('pubsub.localhost');
    const pubsub = new PubSubService({
      peer: network.peer(SERVICE.toString()),
      database: pubsubDatabase,
    });
    await pubsub.start();
    await start({ publish: { service: SERVICE, node: 'events', leastType: 'Warning' } });
    service.record(device.jid, [event('quiet'), event('loud', { type: 'Error' })]);
    const PUBSUB = 'http://jabber.org/protocol/pubsub';
    const items = async (peer: MemoryPeer) =>
      peer.request('get', SERVICE, xml('pubsub', { xmlns: PUBSUB }, xml('items', { node: 'events' })));
    await vi.waitFor(async () => {
      const text = String(await items(admin));
      expect(text).toContain('loud');
      expect(text).not.toContain('quiet');
    });
    await expect(items(device)).rejects.toMatchObject({ condition: 'not-allowed' });
    await service.stop();
    await pubsub.stop();
    await pubsubDatabase.destroy();
  });

  test('that fails holds up nothing', async () => {
    await start({ publish: { service: Jid.parse('nobody.localhost'), node: 'events', leastType: 'Debug' } });
    service.record(device.jid, [event('a')]);
    await written(1);
  });
});

test('what is too long is cut off, and numbers become text', () => {
  const long = shortened(
    event(`${'a'.repeat(9)}😀`, {
      object: 'b'.repeat(30),
      tags: [{ name: 'n', value: '1'.repeat(30), type: 'xs:integer' }],
    }),
    { ...DEFAULT_EVENT_LOG_LIMITS, messageCharacters: 10, textCharacters: 20, tags: 1 },
  );
  expect(long.message).toBe(`${'a'.repeat(9)}…`);
  expect(long.object).toBe(`${'b'.repeat(20)}…`);
  expect(long.tags).toEqual([{ name: 'n', value: `${'1'.repeat(20)}…`, type: 'xs:string' }]);
});

test('a pace is kept for so many senders', () => {
  const pace = new SenderPace({ burst: 2, perMinute: 60, senders: 2 });
  expect(pace.take('a', 5, 0)).toBe(2);
  expect(pace.take('a', 5, 1500)).toBe(1);
  expect(pace.take('a', 5, 0)).toBe(0);
  pace.take('b', 1, 0);
  pace.take('c', 1, 0);
  expect(pace.take('a', 5, 0)).toBe(2);
});
