import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gateway, gatewayConfigSchema, gatewayLabels } from '@thingward/gateway';
import { ModbusTcpServer } from '@thingward/modbus';
import { Lamp, lampUnit, meterUnit, TankProcess, tankUnit } from '@thingward/modbus/simulator';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { claimThing, parseIoTDisco } from '@thingward/things';
import { Jid, Roster, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { parse } from 'yaml';
import { SERVICES } from '../packages/cli/src/services.ts';

export const REGISTRY = Jid.parse('registry.localhost');
export const HISTORY = Jid.parse('history.localhost');
const THINGS = ['plc', 'meter', 'lamp', 'host'] as const;

/** A signed-in user with its roster, who lets in whoever it wants to see. */
export interface User {
  readonly client: XmppClient;
  readonly roster: Roster;
}

/** Server, services, gateway and simulated plant, all real, on ports of their own, in a directory of their own. */
export class Plant {
  readonly directory: string;
  readonly #gatewayOptions: object;
  readonly process = new TankProcess();
  readonly lamp = new Lamp();
  server!: ThingwardServer;
  gateway!: Gateway;
  plcPort = 0;
  #plc: ModbusTcpServer | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #c2s = 0;
  #c2sTls = 0;
  #http = 0;
  readonly #users: XmppClient[] = [];

  private constructor(directory: string, gatewayOptions: object) {
    this.directory = directory;
    this.#gatewayOptions = gatewayOptions;
  }

  /** @param gatewayOptions further keys of the gateway's configuration */
  static async start(gatewayOptions: object = {}): Promise<Plant> {
    const plant = new Plant(await mkdtemp(join(tmpdir(), 'thingward-')), gatewayOptions);
    plant.#ticker = setInterval(() => plant.process.step(0.1), 100);
    await plant.plugPlc();
    await plant.startServer();
    for (const name of [...THINGS, 'owner', 'stranger']) await plant.server.accounts.add(name, `secret-${name}`);
    await plant.startGateway();
    return plant;
  }

  get ports(): { readonly c2s: number; readonly c2sTls: number; readonly http: number } {
    return { c2s: this.#c2s, c2sTls: this.#c2sTls, http: this.#http };
  }

  get certificate(): Promise<string> {
    return readFile(this.server.tls.certificateFile, 'utf8');
  }

  /** Starts the server, on the same ports as before when it had some. */
  async startServer(): Promise<void> {
    const at = (port: number) => `127.0.0.1:${port}`;
    const config = serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: join(this.directory, 'server'),
      listen: { c2s: at(this.#c2s), c2sTls: at(this.#c2sTls), http: at(this.#http) },
    });
    const consoleDirectory = new URL('../packages/console/dist', import.meta.url).pathname;
    this.server = await ThingwardServer.start(config, { services: SERVICES, consoleDirectory });
    this.#c2s = this.server.address(0)?.port ?? 0;
    this.#c2sTls = this.server.address(1)?.port ?? 0;
    this.#http = Number(new URL(this.server.url ?? '').port);
  }

  async startGateway(): Promise<void> {
    const config = await this.#gatewayConfig();
    this.gateway = new Gateway(config, { baseDirectory: this.directory });
    await this.gateway.start();
    await this.gateway.ready(AbortSignal.timeout(30_000));
  }

  async plugPlc(): Promise<void> {
    this.#plc = new ModbusTcpServer(
      new Map([
        [1, tankUnit(this.process)],
        [2, meterUnit(this.process)],
        [3, lampUnit(this.lamp)],
      ]),
    );
    this.plcPort = await this.#plc.listen(this.plcPort);
  }

  async unplugPlc(): Promise<void> {
    await this.#plc?.close();
    this.#plc = undefined;
  }

  /** The text of the QR code of a Thing. */
  async label(name: (typeof THINGS)[number]): Promise<string> {
    const labels = gatewayLabels(await this.#gatewayConfig(), this.directory);
    return labels.find(({ jid }) => jid === `${name}@localhost`)?.uri ?? '';
  }

  /** Where a Thing of the gateway speaks from now. */
  addressOf(jid: string): string {
    return this.gateway.status().things.find((thing) => thing.jid === jid)?.address ?? '';
  }

  async signIn(name: string, tls: 'starttls' | 'direct' = 'starttls'): Promise<User> {
    const client = new XmppClient({
      jid: Jid.parse(`${name}@localhost`),
      password: `secret-${name}`,
      maxBackoffMs: 200,
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: tls === 'direct' ? this.#c2sTls : this.#c2s,
        tls,
        trust: { fingerprint: this.server.tls.fingerprint },
      }),
    });
    const roster = new Roster(client);
    roster.reciprocate();
    this.#users.push(client);
    client.start();
    await client.ready(AbortSignal.timeout(10_000));
    return { client, roster };
  }

  /** Claims a Thing by its label and waits until it shows itself. @returns its full JID */
  async claim({ client, roster }: User, name: (typeof THINGS)[number]): Promise<Jid> {
    const { jid } = await claimThing(client, REGISTRY, parseIoTDisco(await this.label(name)), {});
    roster.subscribe(jid);
    return roster.waitForResource(jid, { timeoutMs: 5000 });
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    for (const client of this.#users) await client.stop();
    await this.gateway.stop();
    await this.server.stop();
    await this.unplugPlc();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #gatewayConfig() {
    const map = async (file: string, unit: number) => ({
      ...parse(await readFile(new URL(`../packages/cli/demo/${file}`, import.meta.url), 'utf8')),
      pollGroups: { fast: 200, slow: 1000 },
      timeoutMs: 300,
      host: '127.0.0.1',
      port: this.plcPort,
      unit,
    });
    const account = (name: string) => ({ jid: `${name}@localhost`, password: `secret-${name}` });
    return gatewayConfigSchema.parse({
      server: { domain: 'localhost', host: '127.0.0.1', port: this.#c2s, fingerprint: this.server.tls.fingerprint },
      dataDir: './gateway',
      ...this.#gatewayOptions,
      things: [
        {
          account: account('plc'),
          name: 'Tank',
          tags: { SN: '1' },
          publish: true,
          interfaces: ['XMPP.IoT.Sensor.Temperature'],
          driver: 'modbus-tcp',
          modbus: await map('tank-plc.yaml', 1),
        },
        {
          account: account('meter'),
          name: 'Meter',
          tags: { SN: '2' },
          publish: { pep: true, changes: { '*': 0.001 } },
          driver: 'modbus-tcp',
          modbus: await map('pump-meter.yaml', 2),
        },
        {
          account: account('lamp'),
          name: 'Lamp',
          tags: { SN: '4' },
          interfaces: ['XMPP.IoT.Actuator.Lamp', 'XMPP.IoT.Actuator.Dimmer'],
          driver: 'modbus-tcp',
          modbus: await map('yard-lamp.yaml', 3),
        },
        { account: account('host'), name: 'Host', tags: { SN: '3' }, driver: 'direct-io', pollMs: 200 },
      ],
    });
  }
}
