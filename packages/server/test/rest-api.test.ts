import {
  combinedOwners,
  ProvisioningService,
  provisioningMigrations,
  registryMigrations,
  registryOwners,
  ToldOwners,
} from '@thingward/services';
import { type Field, MemoryOwnershipStore, readSensorData, type Thing, ThingHost } from '@thingward/things';
import { Jid, presence, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceDefinition } from '../src/index.ts';
import { Stage } from './conversation.ts';

const SERVICE = Jid.parse('provisioning.localhost');
const SERVICES: readonly ServiceDefinition[] = [
  {
    name: 'provisioning',
    title: 'Provisioning',
    migrations: { ...registryMigrations, ...provisioningMigrations },
    create: (peer, database) =>
      new ProvisioningService({
        peer,
        database: database as never,
        owners: combinedOwners(registryOwners(database as never), new ToldOwners(database as never)),
      }),
  },
];
const meter: Thing = {
  metaTags: [],
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
let thing: XmppClient;
let reader: XmppClient;

function client(name: string): XmppClient {
  const port = stage.server.address(1)?.port ?? 0;
  const trust = { fingerprint: stage.server.tls.fingerprint };
  const connect = tcpConnector({ domain: 'localhost', host: '127.0.0.1', port, tls: 'direct', trust });
  return new XmppClient({ jid: Jid.parse(`${name}@localhost`), password: name, connect });
}

beforeAll(async () => {
  stage = await Stage.open({ api: { requestsPerSecond: 1000 } }, { services: SERVICES });
  thing = client('juliet');
  const ownership = new MemoryOwnershipStore();
  await ownership.save('', { owner: 'romeo@localhost', friends: [] });
  host = new ThingHost({ peer: thing, things: [meter], ownership, provisioning: { server: SERVICE } });
  await host.start();
  thing.start();
  await thing.ready();
  thing.send(presence(undefined, {}));
  reader = client('mercutio');
  reader.start();
  await reader.ready();
});
afterAll(async () => {
  await host?.stop();
  await thing?.stop();
  await reader?.stop();
  await stage.close();
});

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function call(
  method: string,
  path: string,
  body?: unknown,
  authorization: string | null = basic('romeo@localhost', 'romeo'),
) {
  const response = await fetch(`${stage.server.url}/api/v1/provisioning${path}`, {
    method,
    headers: {
      ...(authorization === null ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

async function read(): Promise<string> {
  const names: string[] = [];
  try {
    for await (const fields of readSensorData(reader, thing.jid)) names.push(...fields.map(({ name }) => name));
  } catch {
    return 'refused';
  }
  return names.join(' ');
}

describe('the API of provisioning', () => {
  it('lists what waits, takes answers, edits and withdraws', async () => {
    await expect
      .poll(async () => {
        await read();
        return (await call('GET', '/questions')).body;
      })
      .toMatchObject({
        questions: [{ id: 1, thing: { jid: 'juliet@localhost' }, kind: 'read', requester: 'mercutio@localhost' }],
        more: false,
      });
    const made = await call('POST', '/questions/1/answer', { allow: true, names: ['Power'] });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/provisioning/rules/1']);
    expect(made.body).toMatchObject({ id: 1, allow: true, names: ['Power'], scope: 'requester', until: null });
    await expect.poll(read).toBe('Power');
    const edited = await call('PUT', '/rules/1', { allow: true, types: ['momentary'], until: '2099-01-01T00:00:00Z' });
    expect(edited).toMatchObject({ status: 200, body: { names: null, until: '2099-01-01T00:00:00.000Z' } });
    await expect.poll(read).toBe('Energy Power');
    expect((await call('GET', '/rules?max=1')).body).toMatchObject({ rules: [{ id: 1 }], more: false });
    expect((await call('DELETE', '/rules/1')).status).toBe(204);
    await expect.poll(read).toBe('refused');
    expect((await call('DELETE', '/questions/2')).status).toBe(204);
  });

  it('makes rules that nobody has asked for', async () => {
    const rule = {
      thing: { jid: 'juliet@localhost' },
      kind: 'read',
      scope: 'domain',
      subject: 'localhost',
      allow: true,
    };
    const made = await call('POST', '/rules', rule);
    expect(made).toMatchObject({ status: 201, body: { scope: 'domain', subject: 'localhost' } });
    await expect.poll(read).toBe('Energy Power');
    expect((await call('POST', '/rules', rule, basic('mercutio', 'mercutio'))).status).toBe(403);
  });

  it.each([
    ['GET', '/rules', undefined, null, 401, 'not-authorized'],
    ['GET', '/rules', undefined, basic('romeo', 'wrong'), 401, 'not-authorized'],
    ['GET', '/rules', undefined, basic('nobody', 'wrong'), 401, 'not-authorized'],
    ['GET', '/rules', undefined, basic('romeo@elsewhere', 'romeo'), 401, 'not-authorized'],
    ['GET', '/rules', undefined, 'Bearer x', 401, 'not-authorized'],
    ['GET', '/rules', undefined, basic('romeo', '\u0000'), 401, 'not-authorized'],
    ['POST', '/rules', {}, null, 401, 'not-authorized'],
    ['GET', '/rules?max=0', undefined, undefined, 400, 'invalid'],
    ['PUT', '/rules/99', { allow: true }, undefined, 404, 'item-not-found'],
    ['PUT', '/rules/x', { allow: true }, undefined, 400, 'invalid'],
    ['PUT', '/rules/1', { allow: 'yes' }, undefined, 400, 'invalid'],
    ['PUT', '/rules/1', '{', undefined, 400, 'bad-request'],
    ['POST', '/rules', { thing: { jid: '' }, kind: 'read', scope: 'anyone', allow: true }, undefined, 400, 'invalid'],
    ['POST', '/questions/77/answer', { allow: true }, undefined, 404, 'item-not-found'],
    ['DELETE', '/rules/77', undefined, undefined, 404, 'item-not-found'],
    ['GET', '/nothing', undefined, undefined, 404, 'not-found'],
  ] as const)('%s %s %j with %s is answered by %i %s', async (method, path, body, authorization, status, code) => {
    const answered = await call(method, path, body, authorization);
    expect(answered).toMatchObject({ status, body: { status, code, type: 'about:blank' } });
    expect(answered.headers.get('content-type')).toContain('application/problem+json');
    expect(answered.body.title).toBeTypeOf('string');
    expect(answered.headers.get('www-authenticate') !== null).toBe(status === 401);
  });

  it('takes a new password at once, and the old one no more', async () => {
    await stage.server.accounts.add('tybalt', 'old');
    expect((await call('GET', '/rules', undefined, basic('tybalt', 'old'))).status).toBe(200);
    await stage.server.accounts.setPassword('tybalt', 'new');
    expect((await call('GET', '/rules', undefined, basic('tybalt', 'old'))).status).toBe(401);
    expect((await call('GET', '/rules', undefined, basic('tybalt', 'new'))).status).toBe(200);
    await stage.server.accounts.setDisabled('tybalt', true);
    expect((await call('GET', '/rules', undefined, basic('tybalt', 'new'))).status).toBe(403);
  });
});

it('slows down who guesses passwords, and who asks too often', async () => {
  const slow = await Stage.open(
    { api: { requestsPerSecond: 1 }, limits: { maxAuthFailuresPerAccount: 3 } },
    { services: SERVICES },
  );
  try {
    const ask = async (authorization: string) =>
      (await fetch(`${slow.server.url}/api/v1/provisioning/rules`, { headers: { authorization } })).status;
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push(await ask(basic('romeo', `guess${i}`)));
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const asked = await Promise.all(Array.from({ length: 8 }, () => ask(basic('juliet', 'juliet'))));
    expect(asked).toContain(200);
    expect(asked).toContain(429);
  } finally {
    await slow.close();
  }
});
