import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AdapterConfigInput, gatewayConfigSchema, gatewayLabels, type ThingLabel } from '@thingward/gateway';
import { type ServerConfigInput, serverConfigSchema, ThingwardServer } from '@thingward/server';
import { Jid, Roster, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { Child } from '../demo/child.ts';
import { claimForOwner } from '../demo/claim.ts';
import { DEMO_ACCOUNTS, demoAdapters, demoPolicies, demoThings, type PlantAddress } from '../demo/plant.ts';
import { demoPasswords } from '../demo/secrets.ts';
import { UsageError } from '../errors.ts';
import { createLogger } from '../logging.ts';
import { say } from '../output.ts';
import { consoleDirectory, DEMO_DIRECTORY } from '../paths.ts';
import { serverEvents } from '../server-events.ts';
import { untilStopped } from '../shutdown.ts';

const DOMAIN = 'localhost';
/** The Thing that is left for the newcomer to claim. */
const UNCLAIMED = 'meter@localhost';

interface DemoOptions {
  readonly data: string;
  readonly http: string;
  readonly c2s: string;
  readonly c2sTls: string;
  readonly plc: string;
  readonly scada: string;
  readonly outstation: string;
  readonly tims: string;
  readonly logLevel: string;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('try everything on this machine: server, console, its own sensors and a simulated plant')
    .option('--data <directory>', 'where it keeps its data', DEMO_DIRECTORY)
    .option('--http <host:port>', 'console', '127.0.0.1:8080')
    .option('--c2s <host:port>', 'XMPP with STARTTLS', '127.0.0.1:5222')
    .option('--c2s-tls <host:port>', 'XMPP with direct TLS', '127.0.0.1:5223')
    .option('--plc <host:port>', 'the simulated PLC: Modbus TCP', '127.0.0.1:5020')
    .option('--outstation <host:port>', 'the simulated substation: DNP3', '127.0.0.1:20000')
    .option('--tims <host:port>', 'where the NCAP waits for the simulated boiler: IEEE 1451', '127.0.0.1:1451')
    .option('--scada <host:port>', 'where a control room reaches the PLC through the network', '127.0.0.1:5021')
    .option('--log-level <level>', 'debug, info, warn or error; logs go to the data directory', 'info')
    .addHelpText('after', '\nExamples:\n  thingward demo\n  thingward demo --http 127.0.0.1:9080 --plc 127.0.0.1:5502')
    .action(async (options: DemoOptions) => {
      const stop = await startDemo(options);
      await untilStopped();
      say('stopping ...');
      await stop();
    });
}

/** @returns what ends it all */
async function startDemo(options: DemoOptions): Promise<() => Promise<void>> {
  const directory = resolve(options.data);
  const plc = parseAddress('--plc', options.plc);
  const outstation = parseAddress('--outstation', options.outstation);
  const scada = parseAddress('--scada', options.scada);
  const tims = parseAddress('--tims', options.tims);
  const passwords = demoPasswords(directory, DEMO_ACCOUNTS);
  const running: { stop(): Promise<unknown> }[] = [];
  const stop = async () => {
    for (const part of running.reverse()) await part.stop();
  };
  try {
    const serverInput: ServerConfigInput = {
      domain: DOMAIN,
      dataDir: '.',
      auth: { admins: [`owner@${DOMAIN}`] },
      listen: { c2s: options.c2s, c2sTls: options.c2sTls, http: options.http },
      eventLog: { readers: [`owner@${DOMAIN}`] },
    };
    const labelsDirectory = join(directory, 'labels');
    mkdirSync(labelsDirectory, { recursive: true });
    const [server] = await Promise.all([
      startServer(directory, labelsDirectory, serverInput, options.logLevel).then((started) => {
        running.push(started);
        return started;
      }),
      startPlc(plc).then((started) => running.push(started)),
      startSubstation(outstation).then((started) => running.push(started)),
    ]);
    await ensureAccounts(server, passwords);
    const door = { host: parseAddress('--c2s', options.c2s).host, port: parseAddress('--c2s', options.c2s).port };
    const trust = { fingerprint: server.tls.fingerprint };
    const gatewayFile = join(directory, 'gateway.yaml');
    const gatewayInput = {
      server: { domain: DOMAIN, ...door, tls: 'starttls' as const, ...trust },
      dataDir: './gateway',
      things: demoThings(passwords, { plc, outstation, tims }),
    };
    writePrivate(gatewayFile, gatewayInput);
    writePrivate(join(directory, 'thingward.yaml'), serverInput);
    const profile = { jid: `owner@${DOMAIN}`, password: passwords.owner, server: { ...door, ...trust } };
    writePrivate(join(directory, 'profile.yaml'), profile);

    const labels = gatewayLabels(gatewayConfigSchema.parse(gatewayInput), directory);
    const toClaim = labels.filter(({ jid }) => jid === UNCLAIMED);
    writeFileSync(join(labelsDirectory, 'index.json'), JSON.stringify(toClaim.map(({ name, uri }) => ({ name, uri }))));
    const adapterFile = writeAdapter(directory, {
      server: { domain: DOMAIN, ...door, tls: 'starttls' as const, ...trust },
      dataDir: './adapter',
      policies: './adapter-policies',
      ...demoAdapters(passwords, { plc, outstation, tims }, scada),
    });
    running.push(await startGateway(gatewayFile, options.logLevel));
    await claimAsOwner(
      labels.filter(({ jid }) => jid !== UNCLAIMED),
      {
        password: passwords.owner,
        connect: tcpConnector({ domain: DOMAIN, ...door, tls: 'starttls', trust }),
      },
    );
    announce(server.url ?? '', passwords.owner);
    // Nobody has to wait for the boiler and the control room.
    for (const parts of [startBoiler(tims), startControlRoom(adapterFile, scada, options.logLevel)]) {
      running.push({
        stop: async () => {
          for (const part of await parts) await part.stop();
        },
      });
    }
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

function startServer(
  directory: string,
  labelsDirectory: string,
  input: ServerConfigInput,
  logLevel: string,
): Promise<ThingwardServer> {
  const config = { ...serverConfigSchema.parse(input), dataDir: directory };
  const { log, services } = serverEvents(createLogger(logLevel, join(directory, 'server.log')), config);
  return ThingwardServer.start(config, {
    log,
    services,
    consoleDirectory: consoleDirectory(),
    staticDirectories: { '/labels/': labelsDirectory },
  });
}

function startPlc(address: PlantAddress): Promise<Child> {
  return startSimulator('the simulated PLC', '@thingward/modbus/simulator', address, /^plc ready/);
}

function startSubstation(address: PlantAddress): Promise<Child> {
  return startSimulator('the simulated substation', '@thingward/dnp3/simulator', address, /^outstation ready/);
}

function startSimulator(name: string, entry: string, { host, port }: PlantAddress, ready: RegExp): Promise<Child> {
  const main = join(dirname(createRequire(import.meta.url).resolve(entry)), 'main.js');
  return Child.start({ name, args: [main, '--listen', `${host}:${port}`], ready });
}

/** The TIM of a boiler, which looks for the NCAP. What goes wrong with it ends nothing else. */
async function startBoiler({ host, port }: PlantAddress): Promise<readonly Child[]> {
  const main = join(dirname(createRequire(import.meta.url).resolve('@thingward/ieee1451/simulator')), 'main.js');
  const args = [main, '--connect', `${host.includes(':') ? `[${host}]` : host}:${port}`];
  try {
    return [await Child.start({ name: 'the simulated boiler', args, ready: /^tim ready/ })];
  } catch (error) {
    say(`the boiler is missing: ${(error as Error).message}`);
    return [];
  }
}

function startGateway(configFile: string, logLevel: string): Promise<Child> {
  const command = fileURLToPath(new URL('../../bin/thingward.js', import.meta.url));
  const args = [command, 'gateway', '--config', configFile, '--log-level', logLevel];
  return Child.start({ name: 'the gateway', args, ready: /^gateway ready/ });
}

/** The adapters' configuration and policies. @returns its file */
function writeAdapter(directory: string, config: AdapterConfigInput): string {
  const folder = join(directory, 'adapter-policies');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of demoPolicies()) writeFileSync(join(folder, name), text);
  const file = join(directory, 'adapter.yaml');
  writePrivate(file, config);
  return file;
}

function startAdapter(configFile: string, logLevel: string): Promise<Child> {
  const command = fileURLToPath(new URL('../../bin/thingward.js', import.meta.url));
  const args = [command, 'adapter', '--config', configFile, '--log-level', logLevel];
  return Child.start({ name: 'the adapters', args, ready: /^adapter ready/ });
}

/** The adapters, and the control room that reaches the PLC through them. What goes wrong with them ends nothing else. */
async function startControlRoom(adapterFile: string, scada: PlantAddress, logLevel: string): Promise<readonly Child[]> {
  const started: Child[] = [];
  try {
    started.unshift(await startAdapter(adapterFile, logLevel));
    started.unshift(await startScada(scada));
  } catch (error) {
    say(`the control room is missing: ${(error as Error).message}`);
  }
  return started;
}

/** A control room that knows nothing of XMPP. */
function startScada({ host, port }: PlantAddress): Promise<Child> {
  const folder = dirname(createRequire(import.meta.url).resolve('@thingward/modbus/simulator'));
  const args = [join(folder, 'scada-main.js'), '--connect', `${host}:${port}`];
  return Child.start({ name: 'the simulated control room', args, ready: /^scada ready/ });
}

async function ensureAccounts({ accounts }: ThingwardServer, passwords: Record<string, string>): Promise<void> {
  await Promise.all(
    Object.entries(passwords).map(async ([name, password]) => {
      if (!(await accounts.exists(name))) await accounts.add(name, password);
    }),
  );
}

/** Signs in as the owner just long enough to claim what a newcomer shall see at once. */
async function claimAsOwner(
  labels: readonly ThingLabel[],
  { password, connect }: { password: string; connect: ReturnType<typeof tcpConnector> },
): Promise<void> {
  const client = new XmppClient({ jid: Jid.parse(`owner@${DOMAIN}`), password, connect, tag: 'demo' });
  const roster = new Roster(client);
  roster.reciprocate();
  client.start();
  try {
    await client.ready(AbortSignal.timeout(10_000));
    await Promise.all(labels.map((label) => claimForOwner(client, roster, label)));
    const isMutual = () => labels.every(({ jid }) => roster.contacts.get(jid)?.subscription === 'both');
    // Not fatal when it takes longer: the console answers such requests too.
    for (let i = 0; i < 50 && !isMutual(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    await client.stop();
  }
}

function announce(url: string, password: string): void {
  process.stdout.write(`thingward ready ${url}\n`);
  say(`
  Sign in as  owner@${DOMAIN}
  password    ${password}

  host@${DOMAIN}   this machine's own sensors
  plc@${DOMAIN}    a water tank: Modbus TCP
  lamp@${DOMAIN}   a lamp with a dimmer: Modbus TCP
  substation@${DOMAIN}  a feeder with its breaker: DNP3
  ncap@${DOMAIN}   a boiler's sensors and valve: IEEE 1451
  meter@${DOMAIN}  its pump's energy meter: nobody's yet, claim it in the console

  A control room reads the tank through the network, too, and tries what it may not: see Events in the console.

  On the command line:  npx thingward read plc@${DOMAIN}
                        npx thingward set plc@${DOMAIN} "Valve Opening=40"
  Ctrl-C stops everything.
`);
}

function parseAddress(option: string, text: string): PlantAddress {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  if (!match) throw new UsageError(`${option} needs host:port such as 127.0.0.1:5020, got "${text}"`);
  return { host: (match[1] as string).replace(/^\[(.*)\]$/, '$1'), port: Number(match[2]) };
}

function writePrivate(file: string, content: object): void {
  writeFileSync(file, `# Written by "thingward demo" at each start.\n${stringify(content)}`, { mode: 0o600 });
}
