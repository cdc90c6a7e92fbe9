import {
  ProvisioningService,
  provisioningMigrations,
  RegistryService,
  registryMigrations,
  registryOwners,
} from '@thingward/services';
import {
  claimThing,
  type Field,
  MemoryOwnershipStore,
  type MetaTag,
  readSensorData,
  type Thing,
  ThingHost,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { discoInfo, Jid, message, presence, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServiceDefinition } from '../src/index.ts';
import { Stage } from './conversation.ts';

const SERVICE = Jid.parse('provisioning.localhost');
const REGISTRY = Jid.parse('registry.localhost');
const TAGS: readonly MetaTag[] = [{ name: 'KEY', type: 'str', value: 'secret' }];

const SERVICES: readonly ServiceDefinition[] = [
  {
    name: 'registry',
    title: 'Thing Registry',
    migrations: registryMigrations,
    create: (peer, database) => new RegistryService({ peer, database: database as never }),
  },
  {
    name: 'provisioning',
    title: 'Provisioning',
    migrations: { ...registryMigrations, ...provisioningMigrations },
    create: (peer, database) =>
      new ProvisioningService({ peer, database: database as never, owners: registryOwners(database as never) }),
  },
];

const meter: Thing = {
  metaTags: TAGS,
  parameters: [],
  async *read() {
    yield ['Energy', 'Power'].map(
      (name): Field => ({
        name,
        value: { type: 'numeric', value: '1', unit: 'W' },
        types: ['momentary'],
        qos: [],
        timestamp: new Date(),
      }),
    );
  },
  parameterValue: () => undefined,
  set: async () => {},
};

let stage: Stage;
let host: ThingHost;
let clients: XmppClient[];

beforeEach(async () => {
  stage = await Stage.open({}, { services: SERVICES });
  clients = [];
});
afterEach(async () => {
  await host?.stop();
  for (const client of clients) await client.stop();
  await stage.close();
});

function client(name: string): XmppClient {
  const port = stage.server.address(1)?.port ?? 0;
  const trust = { fingerprint: stage.server.tls.fingerprint };
  const connect = tcpConnector({ domain: 'localhost', host: '127.0.0.1', port, tls: 'direct', trust });
  const made = new XmppClient({ jid: Jid.parse(`${name}@localhost`), password: name, connect });
  clients.push(made);
  return made;
}

async function online(name: string): Promise<XmppClient> {
  const made = client(name);
  made.start();
  await made.ready();
  made.send(presence(undefined, {}));
  return made;
}

test('a Thing asks, its owner decides in a chat, and the Thing follows at once', async () => {
  const thing = client('juliet');
  const ownership = new MemoryOwnershipStore();
  host = new ThingHost({
    peer: thing,
    things: [meter],
    ownership,
    registry: REGISTRY,
    provisioning: { server: SERVICE },
    registrationBackOffMs: { first: 20, max: 50 },
  });
  await host.start();
  thing.start();
  await thing.ready();
  thing.send(presence(undefined, {}));
  const owner = await online('romeo');
  const reader = await online('mercutio');
  const heard: string[] = [];
  owner.onMessage({ name: 'body', namespace: 'jabber:client' }, ({ from }, body) => {
    if (from.equals(SERVICE)) heard.push(body.text);
  });
  const say = (text: string) => owner.send(message('chat', { to: SERVICE }, xml('body', {}, text)));
  const read = async () => {
    const names: string[] = [];
    try {
      for await (const fields of readSensorData(reader, thing.jid)) names.push(...fields.map(({ name }) => name));
    } catch (error) {
      return (error as Error).message;
    }
    return names.join(' ');
  };

  expect((await discoInfo(reader, SERVICE)).features).toContain('urn:xmpp:iot:provisioning');
  await expect.poll(() => claimThing(owner, REGISTRY, TAGS).then(String, () => ''), { timeout: 5000 }).not.toBe('');
  expect(await read()).toContain('forbidden');
  await expect.poll(() => heard).toEqual([expect.stringContaining('Question 1: may mercutio@localhost read juliet')]);

  say('allow 1: Power');
  await expect.poll(read, { timeout: 5000 }).toBe('Power');
  say('withdraw 1');
  await expect.poll(read, { timeout: 5000 }).toContain('forbidden');
});
