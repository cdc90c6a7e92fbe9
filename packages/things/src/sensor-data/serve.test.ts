import { xml } from '@thingward/xml';
import { Jid, message, presence, type StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { batches, field, MemoryThing } from '../../test/memory-thing.ts';
import type { AccessDecision } from '../thing/access.ts';
import { ReadoutError } from '../thing/thing.ts';
import { type ReadoutOptions, type ReadoutWish, readSensorData } from './client.ts';
import { encodeAccepted, encodeReadoutMessage, encodeReadoutRequest, SENSOR_DATA_NAMESPACE } from './codec.ts';
import type { Field } from './field.ts';
import { type SensorDataOptions, type SensorDataServer, serveSensorData } from './serve.ts';

const DEVICE = Jid.parse('device@example.org/thing');

let network: MemoryNetwork;
let device: MemoryPeer;
let client: MemoryPeer;
let server: SensorDataServer | undefined;

beforeEach(() => {
  network = new MemoryNetwork();
  device = network.join(DEVICE.toString());
  client = network.join('client@example.org/amr');
  server = undefined;
});

afterEach(async () => {
  await server?.stop();
  expect(network.errors).toEqual([]);
});

function serve(things: readonly MemoryThing[], options: Partial<SensorDataOptions> = {}): void {
  const mayRead = (requester: Jid) => requester.local !== 'stranger';
  server = serveSensorData(device, { things, mayRead, ...options });
}

async function read(wish?: ReadoutWish, options?: ReadoutOptions, peer = client): Promise<(readonly Field[])[]> {
  const all: (readonly Field[])[] = [];
  for await (const fields of readSensorData(peer, DEVICE, wish, options)) all.push(fields);
  return all;
}

/** Gives one batch and then nothing more, until it is told to stop. */
async function* hanging(signal: AbortSignal): AsyncGenerator<readonly Field[]> {
  yield [field('First', '1')];
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

describe('a read-out that goes on while rules change', () => {
  let allowed: AccessDecision;
  let goOn: () => void;

  beforeEach(() => {
    allowed = true;
    const next = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const thing = new MemoryThing({
      async *batches() {
        yield [field('A', '1')];
        await next;
        yield [field('B', '2'), field('C', '3')];
      },
    });
    serve([thing], { mayRead: () => allowed });
  });

  const firstThen = async (change: AccessDecision, isTold: boolean) => {
    const names: string[] = [];
    for await (const fields of readSensorData(client, DEVICE)) {
      names.push(...fields.map(({ name }) => name));
      if (names.length > 1) continue;
      allowed = change;
      if (isTold) server?.accessChanged();
      goOn();
    }
    return names;
  };

  test('ends with a failure when its reader may not read any more', async () => {
    await expect(firstThen(false, true)).rejects.toThrow('Access denied.');
    expect(network.sent('fields')).toHaveLength(1);
  });

  test('gives what may still be read', async () => {
    expect(await firstThen({ names: ['C'] }, true)).toEqual(['A', 'C']);
  });

  test('is asked about once only while nothing changes', async () => {
    expect(await firstThen(false, false)).toEqual(['A', 'B', 'C']);
  });
});

describe('a read-out', () => {
  test('of momentary values comes in one message that says that it is the last', async () => {
    const thing = new MemoryThing();
    serve([thing]);
    expect(await read({ types: ['momentary'] })).toEqual([[field('Temperature', '21.50')]]);
    expect(network.conversation.map((stanza) => stanza.elements[0]?.name)).toEqual(['req', 'accepted', 'fields']);
    expect(network.sent('fields')[0]?.elements[0]?.attribute('done')).toBe('true');
    expect(thing.selection).toMatchObject({ types: ['momentary'], names: [] });
    expect(thing.signal?.aborted).toBe(true);
  });

  test('of all kinds asks the Thing for all kinds', async () => {
    const thing = new MemoryThing();
    serve([thing]);
    await read();
    expect(network.sent('req')[0]?.elements[0]?.attribute('all')).toBe('true');
    expect(thing.selection?.types).toEqual([]);
  });

  test('comes in several messages, as the Thing gives its batches', async () => {
    serve([
      new MemoryThing({
        async *batches() {
          yield [field('A', '1')];
          await new Promise((resolve) => setTimeout(resolve, 20));
          yield [field('B', '2')];
          await new Promise((resolve) => setTimeout(resolve, 20));
        },
      }),
    ]);
    expect((await read()).map((batch) => batch.map(({ name }) => name))).toEqual([['A'], ['B']]);
    expect(network.conversation.map((stanza) => stanza.elements[0]?.name)).toEqual([
      'req',
      'accepted',
      'fields',
      'fields',
      'done',
    ]);
  });

  test('splits large batches', async () => {
    const many = Array.from({ length: 120 }, (_, i) => field(`F${i}`, String(i)));
    serve([new MemoryThing({ batches: () => batches(many) })]);
    const received = await read();
    expect(received.map((batch) => batch.length)).toEqual([50, 50, 20]);
    expect(received.flat()).toEqual(many);
  });

  test('of nothing is done all the same', async () => {
    serve([new MemoryThing({ batches: () => batches() })]);
    expect(await read()).toEqual([]);
    expect(network.sent('done')).toHaveLength(1);
  });

  test('gives what was selected by kind, name and time', async () => {
    const at = (hour: number) => new Date(Date.UTC(2024, 0, 1, hour));
    const hours = Array.from({ length: 6 }, (_, i) =>
      field('Level', String(i), { types: ['historicalHour'], timestamp: at(i) }),
    );
    const day = field('Level', '9', { types: ['historicalDay'], timestamp: at(3) });
    const others = [field('Flow', '1'), field('Level', '7', { timestamp: at(3) })];
    serve([new MemoryThing({ batches: () => batches([...hours, day, ...others]) })]);
    const wish = { types: ['historicalHour' as const], names: ['Level'], from: at(2), to: at(4) };
    // The value of a day is one of an hour, too.
    expect((await read(wish)).flat()).toEqual([hours[2], hours[3], hours[4], day]);
    const sent = network.sent('fields').flatMap((stanza) => stanza.elements[0]?.elements[0]?.elements ?? []);
    expect(sent.flatMap((timestamp) => timestamp.elements)).toHaveLength(4);
  });

  test('of nodes reads those, and all without', async () => {
    const things = ['Device02', 'Device03', 'Device04'].map((nodeId) => new MemoryThing({ nodeId }));
    serve(things);
    const nodesOf = (received: (readonly Field[])[]) => received.flat().map(({ node }) => node?.nodeId);
    expect(nodesOf(await read({ nodes: [{ nodeId: 'Device02' }, { nodeId: 'Device04' }] }))).toEqual([
      'Device02',
      'Device04',
    ]);
    expect(nodesOf(await read())).toEqual(['Device02', 'Device03', 'Device04']);
  });

  test('that was asked for at a time waits for it, and says when it starts', async () => {
    serve([new MemoryThing()]);
    const when = new Date(Date.now() + 30);
    expect(await read({ when }, { timeoutMs: 1000 })).toHaveLength(1);
    expect(Date.now()).toBeGreaterThanOrEqual(when.getTime() - 1);
    expect(network.sent('accepted')[0]?.elements[0]?.attribute('queued')).toBe('true');
    expect(network.conversation.map((stanza) => stanza.elements[0]?.name)).toEqual([
      'req',
      'accepted',
      'started',
      'fields',
    ]);
  });
});

describe('a failure', () => {
  test('of one Thing is told at the end, and hides nothing of the others', async () => {
    const dead = new MemoryThing({
      nodeId: 'dead',
      async *batches() {
        yield [field('Partly', '1')];
        throw new ReadoutError('Timeout.');
      },
    });
    serve([dead, new MemoryThing({ nodeId: 'alive' })]);
    const received: Field[] = [];
    const reading = (async () => {
      for await (const fields of readSensorData(client, DEVICE)) received.push(...fields);
    })();
    await expect(reading).rejects.toMatchObject({
      name: 'ReadoutFailure',
      errors: [{ node: { nodeId: 'dead' }, message: 'Timeout.' }],
    });
    expect(received.map(({ node }) => node?.nodeId).sort()).toEqual(['alive', 'dead']);
  });

  test('is a Thing that falls silent, even when it does not listen to its signal', async () => {
    const deaf = new MemoryThing({
      nodeId: 'deaf',
      batches: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    });
    serve([deaf, new MemoryThing({ nodeId: 'alive' })], { limits: { silenceMs: 20 } });
    await expect(read()).rejects.toMatchObject({ errors: [{ node: { nodeId: 'deaf' } }] });
  });

  test('is a field that can not be written; its neighbours are sent', async () => {
    const received: Field[] = [];
    serve([new MemoryThing({ batches: () => batches([field('A', '1'), field('B', 'NaN'), field('C', '3')]) })]);
    const reading = (async () => {
      for await (const fields of readSensorData(client, DEVICE)) received.push(...fields);
    })();
    await expect(reading).rejects.toMatchObject({ errors: [{ message: expect.stringContaining('"B"') }] });
    expect(received.map(({ name }) => name)).toEqual(['A', 'C']);
  });

  test('that nobody foresaw tells no secrets', async () => {
    serve([
      new MemoryThing({
        batches: () => {
          throw new TypeError('password hunter2');
        },
      }),
    ]);
    await expect(read()).rejects.toMatchObject({ errors: [{ message: 'internal error' }] });
  });
});

describe('a request is rejected', () => {
  const rejection = (error: Partial<StanzaError>) => expect.objectContaining({ name: 'StanzaError', ...error });

  test('of a stranger, who learns nothing about nodes', async () => {
    const thing = new MemoryThing({ nodeId: 'a' });
    serve([thing]);
    const stranger = network.join('stranger@example.org/x');
    await expect(read({}, {}, stranger)).rejects.toEqual(rejection({ condition: 'forbidden', type: 'cancel' }));
    await expect(read({ nodes: [{ nodeId: 'b' }] }, {}, stranger)).rejects.toEqual(
      rejection({ condition: 'forbidden' }),
    );
    expect(thing.selection).toBeUndefined();
    expect(network.sent('cancel')).toEqual([]);
  });

  test('for a node that is not there', async () => {
    serve([new MemoryThing({ nodeId: 'a' })]);
    await expect(read({ nodes: [{ nodeId: 'b' }] })).rejects.toEqual(
      rejection({ condition: 'item-not-found', text: 'there is no node "b"' }),
    );
  });

  test('when it is malformed, saying where', async () => {
    serve([new MemoryThing()]);
    const req = xml('req', { xmlns: SENSOR_DATA_NAMESPACE, seqnr: 'one' });
    await expect(client.request('get', DEVICE, req)).rejects.toEqual(
      rejection({ condition: 'bad-request', text: expect.stringContaining('req/@seqnr') as string }),
    );
  });

  test('with a number in use, and beyond the limits', async () => {
    serve([new MemoryThing({ batches: hanging })], { limits: { running: 1, waiting: 1, perRequester: 2 } });
    const ask = (seqnr: number, peer = client) =>
      peer.request('get', DEVICE, encodeReadoutRequest({ seqnr, nodes: [], names: [], types: [] }));
    expect((await ask(1))?.attribute('queued')).toBeUndefined();
    await expect(ask(1)).rejects.toEqual(rejection({ condition: 'bad-request' }));
    expect((await ask(2))?.attribute('queued')).toBe('true');
    await expect(ask(3)).rejects.toEqual(rejection({ condition: 'resource-constraint', type: 'wait' }));
    const other = network.join('other@example.org/x');
    await expect(ask(1, other)).rejects.toEqual(rejection({ condition: 'resource-constraint' }));
  });

  test('for a time that is too far away', async () => {
    serve([new MemoryThing()]);
    const when = new Date(Date.now() + 60 * 24 * 3600 * 1000);
    await expect(read({ when })).rejects.toEqual(rejection({ condition: 'bad-request' }));
  });
});

describe('a read-out ends early', () => {
  test('when the reader leaves the loop', async () => {
    const thing = new MemoryThing({ batches: hanging });
    serve([thing]);
    for await (const _ of readSensorData(client, DEVICE)) break;
    await until(() => network.sent('cancelled').length === 1);
    await until(() => thing.signal?.aborted === true);
    expect(network.sent('done')).toEqual([]);
  });

  test('when the reader aborts, before it was accepted or after', async () => {
    serve([new MemoryThing({ batches: hanging })]);
    const controller = new AbortController();
    const reading = read({}, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 10);
    await expect(reading).rejects.toThrow('enough');
    await until(() => network.sent('cancelled').length === 1);
    await expect(read({}, { signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never');
  });

  test('when the Thing falls silent for too long', async () => {
    serve([new MemoryThing({ batches: hanging })]);
    await expect(read({}, { timeoutMs: 30 })).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    await until(() => network.sent('cancelled').length === 1);
  });

  test('when it is cancelled while it waits; then the next has its turn', async () => {
    serve([new MemoryThing({ batches: hanging })], { limits: { running: 1 } });
    const first = new AbortController();
    const second = new AbortController();
    const readings = [first, second].map(({ signal }) => read({}, { signal }));
    await until(() => network.sent('accepted').length === 2);
    second.abort(new Error('second'));
    await expect(readings[1]).rejects.toThrow('second');
    await until(() => network.sent('cancelled').length === 1);
    expect(network.sent('started')).toEqual([]);
    const third = read({}, { timeoutMs: 100 });
    const thirdFailed = expect(third).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    await until(() => network.sent('accepted').length === 3);
    first.abort(new Error('first'));
    await expect(readings[0]).rejects.toThrow('first');
    await until(() => network.sent('started').length === 1);
    await thirdFailed;
  });

  test('when the requester becomes unavailable, or must not read any more', async () => {
    const things = ['a', 'b'].map((nodeId) => new MemoryThing({ nodeId, batches: hanging }));
    serve(things);
    const reading = read({ nodes: [{ nodeId: 'a' }] }, { timeoutMs: 100 });
    const failed = expect(reading).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    await until(() => things[0]?.signal !== undefined);
    client.send(presence('unavailable', { to: DEVICE }));
    await until(() => things[0]?.signal?.aborted === true);
    await failed;
    const second = read({ nodes: [{ nodeId: 'b' }] }, { timeoutMs: 50 });
    const secondFailed = expect(second).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    await until(() => things[1]?.signal !== undefined);
    server?.cancelAllOf(client.jid.bare);
    await until(() => things[1]?.signal?.aborted === true);
    await secondFailed;
  });

  test('when the connection of the Thing goes away', async () => {
    const thing = new MemoryThing({
      async *batches() {
        for (let i = 0; ; i++) {
          yield [field('A', String(i))];
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      },
    });
    serve([thing]);
    const reading = read({}, { timeoutMs: 60 });
    const failed = expect(reading).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    await until(() => network.sent('fields').length > 1);
    device.disconnect();
    await until(() => thing.signal?.aborted === true);
    await failed;
  });

  test('a cancel of what is not there is not found', async () => {
    serve([new MemoryThing()]);
    const cancel = xml('cancel', { xmlns: SENSOR_DATA_NAMESPACE, seqnr: 5 });
    await expect(client.request('get', DEVICE, cancel)).rejects.toMatchObject({ condition: 'item-not-found' });
  });
});

describe('a reader', () => {
  /** A device that does as the test says. */
  function answering(
    answer: (seqnr: number, say: (...payloads: ReturnType<typeof xml>[]) => void) => ReturnType<typeof xml>,
  ) {
    device.onIq('get', { name: 'req', namespace: SENSOR_DATA_NAMESPACE }, ({ payload, from }) =>
      answer(Number(payload.attribute('seqnr')), (...payloads) => {
        for (const said of payloads) device.send(message('normal', { to: from }, said));
      }),
    );
    device.onIq('get', { name: 'cancel', namespace: SENSOR_DATA_NAMESPACE }, () => undefined);
  }
  const fieldsMessage = (seqnr: number, name: string, done = false) =>
    encodeReadoutMessage({ kind: 'fields', seqnr, fields: [field(name, '1')], done });
  const accepted = (seqnr: number) => encodeAccepted({ seqnr, queued: false });

  test('loses no messages that come before the answer', async () => {
    answering((seqnr, say) => {
      say(fieldsMessage(seqnr, 'A'), fieldsMessage(seqnr, 'B', true));
      return accepted(seqnr);
    });
    expect((await read()).flat().map(({ name }) => name)).toEqual(['A', 'B']);
  });

  test('takes a first message in place of the answer', async () => {
    answering((seqnr) => fieldsMessage(seqnr, 'A', true));
    expect((await read()).flat().map(({ name }) => name)).toEqual(['A']);
  });

  test('needs no answer when the messages come', async () => {
    device.onIq('get', { name: 'req', namespace: SENSOR_DATA_NAMESPACE }, async ({ payload, from }) => {
      const seqnr = Number(payload.attribute('seqnr'));
      for (const [name, done] of [
        ['A', false],
        ['B', false],
        ['C', true],
      ] as const) {
        device.send(message('normal', { to: from }, fieldsMessage(seqnr, name, done)));
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      return new Promise(() => {});
    });
    expect((await read({}, { timeoutMs: 100 })).flat().map(({ name }) => name)).toEqual(['A', 'B', 'C']);
  });

  test('listens to nobody else, and to no other read-out', async () => {
    const forger = network.join('device@example.org/forger');
    answering((seqnr, say) => {
      forger.send(message('normal', { to: client.jid }, fieldsMessage(seqnr, 'Forged', true)));
      say(fieldsMessage(seqnr + 1, 'Other', true), fieldsMessage(seqnr, 'Mine', true));
      return accepted(seqnr);
    });
    expect((await read()).flat().map(({ name }) => name)).toEqual(['Mine']);
  });

  test('leaves out what it did not ask for', async () => {
    answering((seqnr, say) => {
      say(fieldsMessage(seqnr, 'A'), fieldsMessage(seqnr, 'B', true));
      return accepted(seqnr);
    });
    expect((await read({ names: ['B'] })).flat().map(({ name }) => name)).toEqual(['B']);
  });

  test('refuses malformed messages and answers', async () => {
    answering((seqnr, say) => {
      say(xml('fields', { xmlns: SENSOR_DATA_NAMESPACE, seqnr, done: 'perhaps' }));
      return accepted(seqnr);
    });
    await expect(read()).rejects.toMatchObject({ name: 'PayloadError', path: 'fields/@done' });
    await until(() => network.sent('cancel').length === 1);
  });

  test('refuses the answer to something else', async () => {
    answering((seqnr) => accepted(seqnr ^ 1));
    await expect(read()).rejects.toMatchObject({ condition: 'undefined-condition' });
  });

  test('gives up when it is flooded', async () => {
    answering((seqnr, say) => {
      say(...Array.from({ length: 1200 }, () => fieldsMessage(seqnr, 'A')));
      return accepted(seqnr);
    });
    const reading = (async () => {
      for await (const _ of readSensorData(client, DEVICE)) await until(() => network.sent('fields').length >= 1200);
    })();
    await expect(reading).rejects.toMatchObject({ condition: 'resource-constraint' });
    await until(() => network.sent('cancel').length === 1);
  });

  test('fails when there is no connection', async () => {
    client.disconnect();
    await expect(read()).rejects.toMatchObject({ name: 'PeerError', code: 'not-connected' });
  });
});

test('a server that stops ends what runs, and answers no more', async () => {
  const thing = new MemoryThing({ batches: hanging });
  serve([thing]);
  const failed = expect(read({}, { timeoutMs: 50 })).rejects.toMatchObject({ condition: 'remote-server-timeout' });
  await until(() => thing.signal !== undefined);
  await server?.stop();
  expect(thing.signal?.aborted).toBe(true);
  await failed;
  await expect(read()).rejects.toMatchObject({ condition: 'service-unavailable' });
});
