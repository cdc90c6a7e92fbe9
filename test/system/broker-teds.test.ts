import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gateway, type GatewayConfigInput, gatewayConfigSchema, gatewayLabels } from '@thingward/gateway';
import { BOILER_UUID, boilerTim } from '@thingward/ieee1451/simulator';
import { TimServer } from '@thingward/ieee1451/tim';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import {
  allDocuments,
  channelInterpreter,
  claimThing,
  keptTeds,
  parseIoTDisco,
  transducerName,
} from '@thingward/things';
import { Jid, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SERVICES } from '../../packages/cli/src/services.ts';

const BROKER = Jid.parse('broker.localhost');
const NCAP = Jid.parse('ncap@localhost');

it('a client that never met the TIM knows by the broker alone what its octets mean, also when the TIM is away', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-broker-teds-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const server = await ThingwardServer.start(
    serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: join(directory, 'server'),
      listen: { c2s: '127.0.0.1:0' },
    }),
    { services: SERVICES },
  );
  onTestFinished(() => server.stop());
  for (const name of ['ncap', 'owner']) await server.accounts.add(name, `secret-${name}`);
  const tims = new TimServer(boilerTim({ clock: () => performance.now() / 1000 }));
  const timPort = await tims.listen(0);
  let isThere = true;
  const unplug = async () => {
    if (isThere) await tims.close();
    isThere = false;
  };
  onTestFinished(unplug);
  const { fingerprint } = server.tls;
  const port = server.address(0)?.port ?? 0;
  const config: GatewayConfigInput = {
    server: { domain: 'localhost', host: '127.0.0.1', port, fingerprint },
    dataDir: './gateway',
    things: [
      {
        account: { jid: NCAP.toString(), password: 'secret-ncap' },
        name: 'NCAP',
        tags: { SN: '1' },
        driver: 'ieee1451',
        ieee1451: { connect: [`127.0.0.1:${timPort}`], admit: 'any' },
      },
    ],
  };
  const gateway = new Gateway(gatewayConfigSchema.parse(config), { baseDirectory: directory });
  onTestFinished(() => gateway.stop());
  await gateway.start();
  await gateway.ready(AbortSignal.timeout(10_000));

  const client = new XmppClient({
    jid: Jid.parse('owner@localhost'),
    password: 'secret-owner',
    connect: tcpConnector({ domain: 'localhost', host: '127.0.0.1', port, tls: 'starttls', trust: { fingerprint } }),
  });
  onTestFinished(() => client.stop());
  client.start();
  await client.ready(AbortSignal.timeout(10_000));
  const water = { thing: NCAP, node: { nodeId: `${BOILER_UUID}/1` } };
  expect(await allDocuments(client, BROKER, water)).toEqual([]);
  const [label] = gatewayLabels(gatewayConfigSchema.parse(config), directory);
  await claimThing(client, Jid.parse('registry.localhost'), parseIoTDisco(label?.uri ?? ''), {});
  await vi.waitFor(async () => expect(await allDocuments(client, BROKER, water)).toHaveLength(2), {
    timeout: 15_000,
    interval: 100,
  });
  await unplug();
  const interpreter = await channelInterpreter(client, BROKER, water);
  // 323.15 as a float of four octets, high octet first.
  expect(interpreter.interpret(Uint8Array.of(0x43, 0xa1, 0x93, 0x33))).toEqual([{ value: 323.15, unit: 'K' }]);
  expect(transducerName(await keptTeds(client, BROKER, water))).toBe('Water temperature');
}, 60_000);
