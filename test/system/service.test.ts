import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { getDocument, putDocument, setBrokerReaders } from '@thingward/things';
import { discoInfo, Jid, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, expect, it } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));

let directory: string;
let server: ThingwardServer;
let client: XmppClient;
const children: ChildProcess[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-service-'));
  server = await ThingwardServer.start(
    serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: join(directory, 'server'),
      listen: { c2s: '127.0.0.1:0', component: '127.0.0.1:0' },
      components: { 'registry.localhost': 'secret', 'broker.localhost': 'secret' },
    }),
  );
  await server.accounts.add('alice', 'secret');
  client = new XmppClient({
    jid: Jid.parse('alice@localhost'),
    password: 'secret',
    connect: tcpConnector({
      domain: 'localhost',
      host: '127.0.0.1',
      port: server.address(0)?.port ?? 0,
      tls: 'starttls',
      trust: { fingerprint: server.tls.fingerprint },
    }),
  });
  client.start();
  await client.ready();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await client.stop();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs the service. @returns what it says, as it comes */
function run(name: string, secret: string) {
  const domain = name === 'broker' ? 'broker.localhost' : 'registry.localhost';
  const file = join(directory, `${name}-${secret}.yaml`);
  const port = server.address(1)?.port;
  writeFileSync(
    file,
    `domain: ${domain}\nserver: { port: ${port} }\nsecret: ${secret}\ndataDir: ./${name}-${secret}\n`,
  );
  const child = spawn(process.execPath, [COMMAND, 'service', name, '--config', file, '--log-level', 'error']);
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, ended, said: () => said };
}

it('a service joins a server from a process of its own', async () => {
  const { child, ended, said } = run('registry', 'secret');
  await expect.poll(said, { timeout: 10_000 }).toContain('registry ready at registry.localhost');
  const info = await discoInfo(client, Jid.parse('registry.localhost'));
  expect(info.features).toContain('urn:xmpp:iot:discovery');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  await expect(discoInfo(client, Jid.parse('registry.localhost'))).rejects.toThrow('is not connected');
});

it('the broker takes documents there, and believes a Thing whom it belongs to', async () => {
  const { child, ended, said } = run('broker', 'secret');
  await expect.poll(said, { timeout: 10_000 }).toContain('broker ready at broker.localhost');
  const broker = Jid.parse('broker.localhost');
  const thing = client.jid.bare;
  const map = { thing, kind: 'register-map', name: 'default', mediaType: 'text/csv' };
  const put = (text: string) => putDocument(client, broker, { ...map, content: { form: 'text', text } });
  await expect(put('nonsense')).rejects.toMatchObject({ condition: 'not-acceptable' });
  expect(await put('name,table,address\nPump,coil,0\n')).toMatchObject({ version: 1, by: thing });
  await setBrokerReaders(client, broker, { readers: [], owner: Jid.parse('owner@localhost') });
  expect((await getDocument(client, broker, map)).content).toMatchObject({ form: 'text' });
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

it('with a wrong secret it ends and says why', async () => {
  const { ended, said } = run('registry', 'wrong');
  expect(await ended).toBe(1);
  expect(said()).toContain('not-authorized');
});

it('a service that does not exist is a usage error that names those that do', async () => {
  const { ended, said } = run('regisrty', 'secret');
  expect(await ended).toBe(2);
  expect(said()).toMatch(/there is no service "regisrty"; there are registry, history/);
});
