import { EventEmitter } from 'node:events';
import { decodeTeds, encodeTeds, Ieee1451Error } from '@thingward/ieee1451';
import { boilerTim } from '@thingward/ieee1451/simulator';
import { TimClient, TimServer } from '@thingward/ieee1451/tim';
import { channelInterpreter, keptTeds, transducerName } from '@thingward/things';
import { Jid, SILENT_LOGGER, StanzaError } from '@thingward/xmpp';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { MemoryBroker } from '../../test/memory-broker.ts';
import { MemoryNetwork } from '../../test/memory-network.ts';
import type { NcapTim, TransducerEvents } from '../ncap/transducer-services.ts';
import { TedsPublisher } from './teds-publisher.ts';

const BROKER = Jid.parse('broker.example.org');
const NCAP = Jid.parse('ncap@example.org');
const TIM: NcapTim = {
  id: '7468696e-6777-6172-6400-000000000001',
  name: 'Boiler',
  node: { nodeId: 'boiler' },
  isPresent: true,
  channels: [
    { number: 1, name: 'Water temperature', kind: 'sensor', node: { nodeId: 'boiler/1' } },
    { number: 3, name: 'Gas valve', kind: 'actuator', node: { nodeId: 'boiler/3' } },
  ],
};

/** The Transducer Services of a simulated boiler behind a real line. */
class BoilerServices extends EventEmitter<TransducerEvents> {
  readonly client: TimClient;
  tims: readonly NcapTim[] = [TIM];
  failure: Ieee1451Error | undefined;
  readonly changed = new Map<string, Uint8Array | undefined>();

  constructor(client: TimClient) {
    super();
    this.client = client;
  }

  async readTeds(_: string, channel: number, code: number): Promise<Uint8Array | undefined> {
    if (this.failure) throw this.failure;
    const key = `${channel} ${code}`;
    return this.changed.has(key) ? this.changed.get(key) : this.client.readTedsOctets(channel, code);
  }
}

async function stage() {
  const server = new TimServer(boilerTim({ clock: () => 0 }));
  const client = await TimClient.connect({ host: '127.0.0.1', port: await server.listen(0) });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  const network = new MemoryNetwork();
  const broker = new MemoryBroker(network.join(BROKER.toString()));
  const peer = network.add('ncap@example.org/gateway');
  const services = new BoilerServices(client);
  const warn = vi.fn();
  const publisher = new TedsPublisher({
    peer,
    broker: BROKER,
    services,
    log: { ...SILENT_LOGGER, warn },
    backOffMs: { first: 5, max: 20 },
  });
  publisher.start();
  onTestFinished(() => publisher.stop());
  return { network, broker, peer, services, publisher, warn };
}
const EVERYTHING = [
  'put boiler meta',
  'put boiler transducer-name',
  'put boiler/1 transducer-channel',
  'put boiler/1 transducer-name',
  'put boiler/3 transducer-channel',
  'put boiler/3 transducer-name',
];

describe('the TEDS of TIMs', () => {
  test('are put when there is a connection, and only what has changed after that', async () => {
    const { broker, peer, services, publisher } = await stage();
    peer.connect();
    await vi.waitFor(() => expect(broker.acts).toEqual(EVERYTHING));
    services.emit('joined', TIM);
    services.changed.set('3 12', undefined);
    services.changed.set('1 12', renamed(await services.readTeds('', 1, 12), 'Boiler water'));
    services.emit('joined', TIM);
    await vi.waitFor(() =>
      expect(broker.acts.slice(EVERYTHING.length)).toEqual([
        'put boiler/1 transducer-name',
        'remove boiler/3 transducer-name',
      ]),
    );
    await publisher.stop();
    services.emit('joined', TIM);
    expect(broker.acts).toHaveLength(EVERYTHING.length + 2);
  });

  test('wait until the broker takes them, and until there is a connection', async () => {
    const { broker, peer, services, publisher, warn } = await stage();
    broker.failure = new StanzaError('resource-constraint', 'too much', { type: 'wait' });
    services.emit('joined', TIM);
    peer.connect();
    await vi.waitFor(() => expect(broker.acts).toEqual(EVERYTHING));
    expect(warn).toHaveBeenCalledTimes(1);
    await publisher.stop();
  });

  test('of a TIM that does not answer are left as they are', async () => {
    const { broker, peer, services, publisher, warn } = await stage();
    services.failure = new Ieee1451Error('no-answer', 'the TIM does not answer');
    peer.connect();
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1));
    expect(warn.mock.calls[0]?.[0]).toMatchObject({ tim: 'Boiler', reason: 'the TIM does not answer' });
    expect(broker.acts).toEqual([]);
    await publisher.stop();
  });

  test('let a client that never met the TIM turn its octets into values with units', async () => {
    const { network, peer, services, publisher, broker } = await stage();
    peer.connect();
    await vi.waitFor(() => expect(broker.acts).toEqual(EVERYTHING));
    await publisher.stop();
    const client = network.join('reader@example.org/desk');
    const channel = { thing: NCAP, node: { nodeId: 'boiler/1' } };
    const interpreter = await channelInterpreter(client, BROKER, channel);
    await services.client.request(1, 'operate');
    const raw = await services.client.readDataSet(1, 4);
    expect(raw).toHaveLength(4);
    expect(interpreter.interpret(raw)).toEqual([{ value: 323.15, unit: 'K' }]);
    const twice = new Uint8Array([...raw, ...Uint8Array.of(0x43, 0x96, 0, 0)]);
    expect(interpreter.interpret(twice).map(({ value }) => value)).toEqual([323.15, 300]);
    expect(() => interpreter.interpret(raw.subarray(1))).toThrow(Ieee1451Error);
    expect(transducerName(await keptTeds(client, BROKER, channel))).toBe('Water temperature');
    await expect(channelInterpreter(client, BROKER, { thing: NCAP, node: { nodeId: 'boiler' } })).rejects.toThrow(
      'the broker has no TransducerChannel TEDS of ncap@example.org#boiler',
    );
  });
});

function renamed(octets: Uint8Array | undefined, name: string): Uint8Array {
  const { checksum: _, ...teds } = decodeTeds(octets ?? new Uint8Array(0));
  const fields = teds.fields.map((field) => (field.name === 'content' ? { ...field, value: name } : field));
  return encodeTeds({ ...teds, fields } as typeof teds);
}
