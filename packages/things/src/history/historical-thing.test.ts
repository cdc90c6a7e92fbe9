import { Jid, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { batches, field, MemoryThing } from '../../test/memory-thing.ts';
import { type ReadoutWish, readSensorData } from '../sensor-data/client.ts';
import type { Field } from '../sensor-data/field.ts';
import { type SensorDataServer, serveSensorData } from '../sensor-data/serve.ts';
import { ReadoutError } from '../thing/thing.ts';
import { withHistory } from './historical-thing.ts';
import type { HistorySelection, HistorySource } from './source.ts';

const DEVICE = Jid.parse('meter@example.org/thing');
const NOW = new Date('2024-01-02T12:30:00Z');

let network: MemoryNetwork;
let client: MemoryPeer;
let server: SensorDataServer;
let thing: MemoryThing;
let asked: HistorySelection[];
let source: HistorySource;

beforeEach(() => {
  network = new MemoryNetwork();
  client = network.join('client@example.org/amr');
  asked = [];
  thing = new MemoryThing();
  source = {
    async *read(selection) {
      asked.push(selection);
      yield [
        field('Temperature', '20.00', { types: ['historicalHour'], timestamp: new Date('2024-01-02T11:00:00Z') }),
        field('Temperature', '20.50', {
          types: ['historicalHour', 'historicalDay'],
          timestamp: new Date('2024-01-02T00:00:00Z'),
        }),
      ];
    },
  };
});

afterEach(async () => {
  await server.stop();
  expect(network.errors).toEqual([]);
});

async function read(wish: ReadoutWish): Promise<readonly Field[]> {
  const device = network.join(DEVICE.toString());
  server = serveSensorData(device, { things: [withHistory(thing, source, { clock: () => NOW })], mayRead: () => true });
  const all: Field[] = [];
  for await (const fields of readSensorData(client, DEVICE, wish)) all.push(...fields);
  return all;
}

describe('a Thing with a past', () => {
  test('answers for the present itself', async () => {
    expect(await read({ types: ['momentary'] })).toEqual([field('Temperature', '21.50')]);
    expect(asked).toEqual([]);
  });

  test('answers for the past from its history, by the period that is wanted', async () => {
    const received = await read({ types: ['historicalHour'], names: ['Temperature'], from: new Date(0) });
    expect(received.map(({ value }) => value.value)).toEqual(['20.00', '20.50']);
    expect(thing.selection).toBeUndefined();
    expect(asked).toEqual([
      { node: undefined, names: ['Temperature'], from: new Date(0), to: undefined, period: 'hour' },
    ]);
  });

  test('filters what has not the kind that is wanted', async () => {
    expect(
      (await read({ types: ['historicalWeek', 'historicalMonth', 'historicalDay'] })).map(({ value }) => value.value),
    ).toEqual(['20.50']);
    expect(asked[0]?.period).toBe('day');
  });

  test('gives the hours of a day to who asks for everything and says no time', async () => {
    expect(await read({})).toHaveLength(3);
    expect(asked[0]).toMatchObject({ period: 'hour', from: new Date('2024-01-01T12:30:00Z') });
  });

  test.each<[ReadoutWish]>([[{ from: new Date(0) }], [{ types: ['momentary', 'historicalOther', 'historicalYear'] }]])(
    'gives every value there is to who asks for that: %j',
    async (wish) => {
      await read(wish);
      expect(asked[0]?.period).toBeUndefined();
    },
  );

  test('tells of its past although it can not be read now, and the other way round', async () => {
    const error = new ReadoutError('the unit does not answer');
    thing.batches = () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) });
    await expect(read({ types: ['momentary', 'historicalHour'] })).rejects.toMatchObject({
      errors: [{ message: 'the unit does not answer' }],
    });
    expect(asked).toHaveLength(1);
    await server.stop();
    thing.batches = () => batches([field('Temperature', '21.50')]);
    source = {
      read: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new StanzaError('remote-server-timeout')) }),
      }),
    };
    await expect(read({ types: ['momentary', 'historicalHour'] })).rejects.toMatchObject({
      errors: [{ message: 'the history can not be read: remote-server-timeout' }],
    });
  });
});
