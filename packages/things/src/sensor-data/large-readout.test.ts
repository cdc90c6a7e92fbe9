import { xml } from '@thingward/xml';
import { errorReply, Jid, message, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { field, MemoryThing } from '../../test/memory-thing.ts';
import { readSensorData } from './client.ts';
import { encodeAccepted, encodeReadoutMessage, encodeReadoutRequest } from './codec.ts';
import type { Field } from './field.ts';
import { encodeFlow, READOUT_FLOW_NAMESPACE } from './flow-codec.ts';
import { type ReadoutLimits, type SensorDataServer, serveSensorData } from './serve.ts';

const DEVICE = Jid.parse('device@example.org/thing');
const LIMITS = { fieldsPerMessage: 5, messagesPerWindow: 4 };

let network: MemoryNetwork;
let device: MemoryPeer;
let client: MemoryPeer;
let server: SensorDataServer | undefined;
/** Fields that the Thing was asked for so far. */
let produced: number;

beforeEach(() => {
  network = new MemoryNetwork();
  device = network.join(DEVICE.toString());
  client = network.join('client@example.org/amr');
  server = undefined;
  produced = 0;
});

afterEach(async () => {
  await server?.stop();
  expect(network.errors).toEqual([]);
});

function serveMany(count: number, limits: Partial<ReadoutLimits> = LIMITS): MemoryThing {
  const thing = new MemoryThing({
    async *batches() {
      for (; produced < count; produced += 10) {
        yield Array.from({ length: 10 }, (_, i) =>
          field('Level', String(produced + i), { timestamp: new Date(produced + i) }),
        );
      }
    },
  });
  server = serveSensorData(device, { things: [thing], mayRead: () => true, limits });
  return thing;
}

const flows = () => network.sent('flow').length;
const fieldMessages = () => network.sent('fields').length;

describe('a large read-out', () => {
  test('goes at the pace of its reader: no more than two windows are on their way', async () => {
    serveMany(1000);
    const received: Field[] = [];
    for await (const fields of readSensorData(client, DEVICE)) {
      received.push(...fields);
      await new Promise((resolve) => setTimeout(resolve, 1));
      // Two windows of four messages, one that is held back, and one that waits at the gate.
      expect(produced - received.length).toBeLessThanOrEqual((2 * 4 + 2) * 5 + 10);
    }
    expect(received.map(({ value }) => Number(value.value))).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(fieldMessages()).toBe(200);
    expect(flows()).toBeGreaterThanOrEqual(48);
  });

  test('of several at once answers for each', async () => {
    serveMany(200);
    const readAll = async () => {
      let count = 0;
      for await (const fields of readSensorData(client, DEVICE)) count += fields.length;
      return count;
    };
    produced = 0;
    const counts = await Promise.all([readAll(), readAll()]);
    expect(counts[0]! + counts[1]!).toBe(200);
    // The handler is gone with the last of them.
    await expect(device.request('get', client.jid, encodeFlow(1))).rejects.toMatchObject({
      condition: 'service-unavailable',
    });
  });

  test('goes on for a reader that does not know the question', async () => {
    serveMany(100);
    const seen: string[] = [];
    client.onMessage({ namespace: 'urn:xmpp:iot:sensordata' }, (_, payload) => {
      seen.push(payload.name);
    });
    await client.request('get', DEVICE, encodeReadoutRequest({ seqnr: 1, nodes: [], names: [], types: [] }));
    await until(() => network.sent('done').length + network.traffic.filter(isLast).length > 0);
    expect(fieldMessages()).toBe(20);
    expect(flows()).toBeGreaterThan(3);
  });

  test('ends when the reader does not answer', async () => {
    const thing = serveMany(1000, { ...LIMITS, readerSilenceMs: 30 });
    client.onIq('get', { name: 'flow', namespace: READOUT_FLOW_NAMESPACE }, () => new Promise(() => {}));
    await client.request('get', DEVICE, encodeReadoutRequest({ seqnr: 1, nodes: [], names: [], types: [] }));
    await until(() => thing.signal?.aborted === true);
    expect(fieldMessages()).toBeLessThanOrEqual(8);
    expect(network.sent('done')).toEqual([]);
  });

  test('ends when its messages come back', async () => {
    const thing = serveMany(1000);
    client.onIq('get', { name: 'flow', namespace: READOUT_FLOW_NAMESPACE }, () => new Promise(() => {}));
    await client.request('get', DEVICE, encodeReadoutRequest({ seqnr: 7, nodes: [], names: [], types: [] }));
    await until(() => fieldMessages() > 0);
    const [first] = network.sent('fields');
    const bounced = errorReply(first!, new StanzaError('service-unavailable')).append(...first!.elements);
    client.send(bounced);
    await until(() => thing.signal?.aborted === true);
  });

  test('has messages of bounded size', async () => {
    const long = 'x'.repeat(900);
    const fields = Array.from({ length: 20 }, (_, i) =>
      field(`F${i}`, '1', { value: { type: 'string', value: long } }),
    );
    async function* all() {
      yield fields;
    }
    const limits = { charactersPerMessage: 5000 };
    server = serveSensorData(device, { things: [new MemoryThing({ batches: all })], mayRead: () => true, limits });
    const received: (readonly Field[])[] = [];
    for await (const batch of readSensorData(client, DEVICE)) received.push(batch);
    expect(received.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4]);
  });
});

function isLast(stanza: { elements: readonly { attribute(name: string): string | undefined }[] }): boolean {
  return stanza.elements[0]?.attribute('done') === 'true';
}

describe('a Thing that misbehaves', () => {
  /** Answers read-outs as it likes. */
  function misbehave(act: (seqnr: number, send: (payload: Parameters<typeof message>[2]) => void) => void): void {
    device.onIq('get', { name: 'req', namespace: 'urn:xmpp:iot:sensordata' }, ({ payload, from }) => {
      const seqnr = Number(payload.attribute('seqnr'));
      setTimeout(() => act(seqnr, (sent) => device.send(message('normal', { to: from }, sent))));
      return encodeAccepted({ seqnr, queued: false });
    });
    device.onIq('get', { name: 'cancel', namespace: 'urn:xmpp:iot:sensordata' }, () => undefined);
  }

  const readAll = async (options: Parameters<typeof readSensorData>[3]) => {
    const all: Field[] = [];
    for await (const fields of readSensorData(client, DEVICE, {}, options)) all.push(...fields);
    return all;
  };

  test('by only pretending to be busy counts as silent', async () => {
    let timer: ReturnType<typeof setInterval> | undefined;
    misbehave((seqnr, send) => {
      timer = setInterval(() => {
        send(encodeReadoutMessage({ kind: 'started', seqnr }));
        send(encodeReadoutMessage({ kind: 'fields', seqnr, fields: [], done: false }));
      }, 5);
    });
    try {
      await expect(readAll({ timeoutMs: 60 })).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    } finally {
      clearInterval(timer);
    }
  });

  test('by sending too much is cut off', async () => {
    misbehave((seqnr, send) => {
      for (let i = 0; i < 10; i++) {
        send(encodeReadoutMessage({ kind: 'fields', seqnr, fields: [field('A', String(i))], done: false }));
      }
    });
    await expect(readAll({ maxFields: 5 })).rejects.toMatchObject({ condition: 'resource-constraint' });
    await until(() => network.sent('cancel').length === 1);
  });

  test('by being silent at first is asked again, as often as the caller wants', async () => {
    let asked = 0;
    misbehave((seqnr, send) => {
      if (++asked < 3) return;
      send(encodeReadoutMessage({ kind: 'fields', seqnr, fields: [field('A', '1')], done: true }));
    });
    await expect(readAll({ timeoutMs: 20, attempts: 2 })).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    expect(asked).toBe(2);
    expect(await readAll({ timeoutMs: 20, attempts: 2 })).toHaveLength(1);
  });

  test('by giving no time zone is in the one the reader says', async () => {
    misbehave((seqnr, send) => {
      const numeric = xml('numeric', { name: 'A', value: '1', unit: '', momentary: true });
      const node = xml('node', { nodeId: 'n' }, xml('timestamp', { value: '2013-03-07T16:24:30' }, numeric));
      send(xml('fields', { xmlns: 'urn:xmpp:iot:sensordata', seqnr, done: true }, node));
    });
    const [korean] = await readAll({ timeZone: '+09:00' });
    expect(korean?.timestamp.toISOString()).toBe('2013-03-07T07:24:30.000Z');
    const [local] = await readAll({});
    expect(local?.timestamp).toEqual(new Date(2013, 2, 7, 16, 24, 30));
    await expect(readAll({ timeZone: 'Seoul' })).rejects.toThrow(RangeError);
  });
});

describe('nodes and rights', () => {
  const names = async (wish: Parameters<typeof readSensorData>[2]) => {
    const nodes: (string | undefined)[] = [];
    for await (const fields of readSensorData(client, DEVICE, wish))
      nodes.push(...fields.map(({ node }) => node?.nodeId));
    return nodes.sort();
  };

  test('reading a node reads its parts and theirs, once, in circles too', async () => {
    const things = [
      new MemoryThing({ nodeId: 'boiler', parent: { nodeId: 'house' } }),
      new MemoryThing({ nodeId: 'pump', parent: { nodeId: 'boiler' } }),
      new MemoryThing({ nodeId: 'valve', parent: { nodeId: 'pump' } }),
      new MemoryThing({ nodeId: 'lamp' }),
      new MemoryThing({ nodeId: 'loop', parent: { nodeId: 'loop' } }),
    ];
    server = serveSensorData(device, { things, mayRead: (_, { node }) => node?.nodeId !== 'valve' });
    expect(await names({ nodes: [{ nodeId: 'house' }] })).toEqual(['boiler', 'pump']);
    expect(await names({ nodes: [{ nodeId: 'pump' }, { nodeId: 'boiler' }] })).toEqual(['boiler', 'pump']);
    expect(await names({ nodes: [{ nodeId: 'loop' }] })).toEqual(['loop']);
    await expect(names({ nodes: [{ nodeId: 'valve' }] })).rejects.toMatchObject({ condition: 'forbidden' });
    await expect(names({ nodes: [{ nodeId: 'cellar' }] })).rejects.toMatchObject({ condition: 'item-not-found' });
  });

  test('a nodeId without its data source means all that have it', async () => {
    const thing = (sourceId: string) =>
      Object.assign(new MemoryThing(), { node: { nodeId: 'n', sourceId, cacheType: 'meter' } });
    server = serveSensorData(device, { things: [thing('a'), thing('b')], mayRead: () => true });
    expect(await names({ nodes: [{ nodeId: 'n' }] })).toHaveLength(2);
    expect(await names({ nodes: [{ nodeId: 'n', sourceId: 'b', cacheType: 'meter' }] })).toHaveLength(1);
    await expect(names({ nodes: [{ nodeId: 'n', sourceId: 'c' }] })).rejects.toMatchObject({
      condition: 'item-not-found',
    });
  });

  test('tokens reach who decides and the Thing, and a reader may have some fields only', async () => {
    const thing = new MemoryThing({
      async *batches() {
        yield [field('Level', '1'), field('Flow', '2')];
      },
    });
    const shown: unknown[] = [];
    server = serveSensorData(device, {
      things: [thing],
      mayRead: (_, __, tokens) => {
        shown.push(tokens);
        return { names: ['Level', 'Height'] };
      },
    });
    const tokens = { serviceToken: 's', deviceToken: 'd', userToken: 'u' };
    const received: string[] = [];
    for await (const fields of readSensorData(client, DEVICE, { tokens }))
      received.push(...fields.map(({ name }) => name));
    expect(received).toEqual(['Level']);
    expect(shown[0]).toMatchObject(tokens);
    expect(thing.selection?.tokens).toEqual(tokens);
    const none: Field[] = [];
    for await (const fields of readSensorData(client, DEVICE, { names: ['Flow'] })) none.push(...fields);
    expect(none).toEqual([]);
  });
});
