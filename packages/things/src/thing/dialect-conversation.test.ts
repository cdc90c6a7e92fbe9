import { type Element, parseElement, xml } from '@thingward/xml';
import { encodeCaps, iq, Jid, presence, StanzaError, serveDisco } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { batches, MemoryThing } from '../../test/memory-thing.ts';
import { ControlRefused, getControlForm, setParameters } from '../control/client.ts';
import { CONTROL_DIALECTS } from '../control/dialects.ts';
import { subscribeToEvents } from '../events/client.ts';
import { EVENT_DIALECTS } from '../events/dialects.ts';
import { readSensorData } from '../sensor-data/client.ts';
import { READOUT_DIALECTS } from '../sensor-data/dialects.ts';
import type { Field } from '../sensor-data/field.ts';
import { DIALECT_NAMES } from './dialect-names.ts';
import { findDialect } from './find-dialect.ts';
import { MemoryOwnershipStore } from './ownership.ts';
import { ThingHost } from './thing-host.ts';

const DEVICE = Jid.parse('device@example.org/thing');
const OWNER = 'owner@example.org/app';
const NOW = new Date('2024-05-01T12:00:00Z');

let network: MemoryNetwork;
let device: MemoryPeer;
let owner: MemoryPeer;
let host: ThingHost | undefined;

beforeEach(() => {
  network = new MemoryNetwork();
  device = network.join(DEVICE.toString());
  owner = network.join(OWNER);
});

afterEach(async () => {
  await host?.stop();
  host = undefined;
  expect(network.errors).toEqual([]);
});

function field(name: string, value: string, types: Field['types'] = ['momentary']): Field {
  return {
    node: undefined,
    name,
    value: { type: 'numeric', value, unit: '°C' },
    types,
    qos: ['automaticReadout'],
    timestamp: NOW,
  };
}

async function hosting(thing: MemoryThing): Promise<void> {
  host = new ThingHost({
    peer: device,
    things: [thing],
    ownership: new MemoryOwnershipStore(),
    friends: [Jid.parse(OWNER)],
  });
  await host.start();
}

async function read(options: Parameters<typeof readSensorData>[3] = {}, wish = {}): Promise<readonly Field[]> {
  const all: Field[] = [];
  for await (const fields of readSensorData(owner, DEVICE, wish, options)) all.push(...fields);
  return all;
}

/** Payloads of the conversation, by name and namespace. */
function spoken(): string[] {
  return network.conversation
    .filter(({ name }) => name !== 'presence')
    .map((stanza) => stanza.elements[0])
    .map((payload) => `${payload?.name} ${payload?.namespace}`);
}

const of = <T extends { readonly name?: string; readonly readout?: { readonly name: string } }>(
  all: readonly T[],
  name: string,
) => all.find((one) => (one.name ?? one.readout?.name) === name) as T;

describe.each(DIALECT_NAMES.map((name) => [name]))('in the dialect %s', (name) => {
  const readout = of(READOUT_DIALECTS, name);
  const control = of(CONTROL_DIALECTS, name);
  const events = of(EVENT_DIALECTS, name);

  test('a Thing is read', async () => {
    const thing = new MemoryThing();
    const given = [field('Temperature', '10.00'), field('Peak', '30.5', ['peak'])];
    thing.batches = () => batches(...given.map((one) => [one]));
    await hosting(thing);
    expect(await read({ dialect: readout })).toEqual(given);
    expect(new Set(spoken().map((text) => text.split(' ')[1]))).toEqual(new Set([readout.namespace]));
    const [last] = network.conversation.slice(-1);
    expect(readout.decodeMessages(last!.elements[0]!).at(-1)).toMatchObject({ done: true });
  });

  test('a Thing gives values of the past, whatever their period', async () => {
    const thing = new MemoryThing();
    thing.batches = () => batches([field('Energy', '1.5', ['historicalHour'])]);
    await hosting(thing);
    const fields = await read({ dialect: readout }, { types: ['historicalHour'] });
    expect(fields.map(({ name: own, types }) => [own, ...types])).toEqual([
      ['Energy', name === 'xep' ? 'historicalHour' : 'historicalOther'],
    ]);
  });

  test('a read-out that nobody wants any more is taken back', async () => {
    const thing = new MemoryThing();
    let ended = false;
    thing.read = async function* (_, signal) {
      yield [field('First', '1')];
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      ended = true;
    };
    await hosting(thing);
    for await (const fields of readSensorData(owner, DEVICE, {}, { dialect: readout })) {
      expect(fields).toHaveLength(1);
      break;
    }
    await until(() => ended);
    await until(() => network.sent('cancel').length === 1);
    const [cancel] = network.sent('cancel');
    const answers = () =>
      network.conversation.filter(
        (stanza) => stanza.attribute('id') === cancel?.attribute('id') && stanza.attribute('type') === 'result',
      );
    await until(() => answers().length === 1);
    expect(answers()[0]?.elements.map((payload) => payload.name)).toEqual(name === 'xep' ? ['cancelled'] : []);
  });

  test('a Thing is set, and says what was', async () => {
    const parameters = [
      { name: 'Output', label: 'Output', type: 'int', min: 0, max: 100, group: 'G' },
      { name: 'Switch', label: 'Switch', type: 'boolean' },
    ] as const;
    const thing = new MemoryThing({ parameters });
    await hosting(thing);
    const form = await getControlForm(owner, DEVICE, { dialect: control });
    expect(form.parameters.map(({ parameter }) => [parameter.name, parameter.group])).toEqual([
      ['Output', 'G'],
      ['Switch', undefined],
    ]);
    const values = new Map([['Output', { type: 'int' as const, value: 5 }]]);
    const outcome = await setParameters(owner, DEVICE, values, { dialect: control });
    expect(outcome).toMatchObject({ nodes: [], parameters: [] });
    expect(thing.settings).toHaveLength(1);
    const answer = network.conversation
      .map((stanza) => stanza.elements[0]!)
      .find((one) => ['resp', 'setResponse'].includes(one?.name));
    expect(control.decodeResponse(answer as Element).parameters).toEqual(name === 'xep' ? [] : ['Output']);
  });

  test('a parameter that is refused is named', async () => {
    const parameters = [{ name: 'Output', label: 'Output', type: 'int', min: 0, max: 100 }] as const;
    const thing = new MemoryThing({ parameters });
    await hosting(thing);
    const values = new Map([['Output', { type: 'int' as const, value: 500 }]]);
    const refused = await setParameters(owner, DEVICE, values, { dialect: control }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ControlRefused);
    expect((refused as ControlRefused).errors[0]).toMatchObject({ parameter: 'Output' });
    const error = network.conversation.find((stanza) => stanza.attribute('type') === 'error')?.child('error');
    expect(error?.elements.at(-1)?.namespace).toBe(control.namespace);
  });

  test('events are told', async () => {
    const thing = new MemoryThing();
    thing.batches = () => batches([field('Temperature', '20.0')]);
    await hosting(thing);
    const received: string[] = [];
    const wish = { fields: [{ name: 'Temperature', changedBy: 1 }] };
    for await (const fields of subscribeToEvents(owner, DEVICE, wish, { dialect: events })) {
      received.push(...fields.map(({ value }) => String(value.value)));
      if (received.length === 2) break;
      host?.offer(thing, [field('Temperature', '25.50')]);
    }
    expect(received).toEqual(['20.0', '25.50']);
    await until(() => network.sent('unsubscribe').length === 1);
    expect(spoken()[0]).toBe(`subscribe ${events.namespace}`);
  });
});

describe('the dialect is found', () => {
  const feature = (name: string) => of(READOUT_DIALECTS, name).namespace;
  const found = (peer = owner) => findDialect(peer, DEVICE, READOUT_DIALECTS, { timeoutMs: 50 });
  const asked = () => network.sent('query').filter((stanza) => stanza.attribute('type') === 'get').length;

  function saying(...features: string[]) {
    return serveDisco(device, { identities: [{ category: 'client', type: 'bot' }], features });
  }

  test('in what the Thing says it speaks, the XEPs first, and asked once', async () => {
    const stop = saying(feature('ieee'));
    expect((await found()).name).toBe('ieee');
    expect((await found()).name).toBe('ieee');
    expect(asked()).toBe(1);
    stop();
    const other = network.join('other@example.org/1');
    saying(feature('ieee'), feature('nf'));
    expect((await found(other)).name).toBe('nf');
  });

  test('to be the XEPs where it says nothing, or does not answer', async () => {
    expect((await found()).name).toBe('xep');
    device.disconnect();
    const silent = network.join('silent@example.org/1');
    silent.arrive = () => undefined;
    const to = Jid.parse('silent@example.org/1');
    expect((await findDialect(owner, to, READOUT_DIALECTS, { timeoutMs: 20 })).name).toBe('xep');
  });

  test('anew when its capabilities have changed, or it was away', async () => {
    const stop = saying(feature('nf'));
    expect((await found()).name).toBe('nf');
    const caps = async (ver: string) => {
      device.send(presence(undefined, { to: owner.jid }, encodeCaps({ hash: 'sha-1', node: 'n', ver })));
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await caps('1');
    await found();
    expect(asked()).toBe(2);
    await caps('1');
    await found();
    expect(asked()).toBe(2);
    stop();
    saying(feature('ieee'));
    await caps('2');
    expect((await found()).name).toBe('ieee');
    device.send(presence('unavailable', { to: owner.jid }));
    await until(() => network.presences('unavailable').length === 1);
    await found();
    expect(asked()).toBe(4);
  });

  test('not without a connection, nor after the signal', async () => {
    owner.disconnect();
    await expect(found()).rejects.toMatchObject({ name: 'PeerError' });
    owner.connect();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(findDialect(owner, DEVICE, READOUT_DIALECTS, { timeoutMs: 50, signal })).rejects.toThrow('enough');
  });

  test('by who reads, sets and subscribes', async () => {
    const thing = new MemoryThing();
    thing.batches = () => batches([field('Temperature', '1')]);
    await hosting(thing);
    await read();
    expect(spoken()[0]).toBe(`req ${feature('xep')}`);
  });
});

describe('a Thing of another maker', () => {
  test('that answers at once is understood', async () => {
    device.onIq('get', { name: 'req', namespace: 'urn:ieee:iot:sd:1.0' }, ({ payload }) =>
      parseElement(
        `<resp xmlns='urn:ieee:iot:sd:1.0' id='${payload.attribute('id')}'><ts v='2024-05-01T12:00:00Z'><q n='Temperature' m='true' ar='true' v='10.00' u='°C'/></ts></resp>`,
      ),
    );
    serveDisco(device, { identities: [], features: ['urn:ieee:iot:sd:1.0'] });
    expect(await read()).toEqual([field('Temperature', '10.00')]);
  });

  test('that answers another read-out is not', async () => {
    const namespace = 'urn:nf:iot:sd:1.0';
    device.onIq('get', { name: 'req', namespace }, () => xml('accepted', { xmlns: namespace, id: 'other' }));
    await expect(read({ dialect: of(READOUT_DIALECTS, 'nf') })).rejects.toThrow('other');
  });

  test('may ask by either type of request, with any text as identity, and one that is in use is refused', async () => {
    const thing = new MemoryThing();
    thing.batches = () => batches([field('Temperature', '1')]);
    await hosting(thing);
    const req = (type: 'get' | 'set', id: string, when = '') =>
      owner.request(type, DEVICE, parseElement(`<req xmlns='urn:nf:iot:sd:1.0' id='${id}' all='true'${when}/>`));
    const later = ` when='${new Date(Date.now() + 3_600_000).toISOString()}'`;
    expect(String(await req('set', 'a b', later))).toContain("queued='true'");
    await expect(req('get', 'a b')).rejects.toBeInstanceOf(StanzaError);
    const cancel = parseElement(`<cancel xmlns='urn:nf:iot:sd:1.0' id='a b'/>`);
    expect(await owner.request('get', DEVICE, cancel)).toBeUndefined();
    expect(String(await req('get', 'a b'))).not.toContain('queued');
    await until(() => network.sent('resp').length === 1);
    owner.send(iq('get', { to: DEVICE, id: 'x' }, parseElement(`<req xmlns='urn:nf:iot:sd:1.0'/>`)));
    await until(() => network.conversation.some((stanza) => stanza.attribute('type') === 'error'));
  });
});
