import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { daysLeft, openServerDatabase, RENEW_DAYS, type ServerConfig, serverTls } from '@thingward/server';
import { DISCOVERY, HISTORY } from '@thingward/things';
import { findService, Jid, ping } from '@thingward/xmpp';
import { Command } from 'commander';
import { CommandError, UsageError } from '../errors.ts';
import { loadGatewayConfig } from '../gateway-config.ts';
import { type OutputOptions, printJson, say } from '../output.ts';
import { consoleDirectory } from '../paths.ts';
import { loadProfile, signIn } from '../profile.ts';
import { SERVICES } from '../services.ts';
import { loadServerConfig } from './serve.ts';

interface DoctorOptions extends OutputOptions {
  readonly config?: string;
  readonly gateway?: string;
  readonly profile?: string;
}

interface Check {
  readonly name: string;
  /** `skipped`: there was nothing to check. */
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly detail: string;
}

const LOW_DISK_BYTES = 500 * 2 ** 20;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check this installation, its configuration, the server and the devices')
    .option('-c, --config <file>', 'configuration file of the server')
    .option('-g, --gateway <file>', 'configuration file of the gateway')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per check')
    .action(async (options: DoctorOptions) => {
      let failed = 0;
      for await (const check of examine(options)) {
        if (check.outcome === 'failed') failed++;
        if (options.json) printJson(check);
        else process.stdout.write(`${MARKS[check.outcome]} ${check.name}: ${check.detail}\n`);
      }
      if (failed > 0) throw new CommandError(`${failed} ${failed === 1 ? 'check' : 'checks'} failed`);
      if (!options.json) say('everything that was checked is well');
    });
}

const MARKS = { ok: '✓', failed: '✗', skipped: '-' } as const;

async function* examine(options: DoctorOptions): AsyncGenerator<Check> {
  yield { name: 'Node.js', outcome: 'ok', detail: process.versions.node };
  yield await check('web console', () => {
    if (existsSync(`${consoleDirectory()}/index.html`)) return 'built';
    throw new CommandError('not built: run "npm run build"');
  });
  let config: ServerConfig | undefined;
  yield await check('server configuration', () => {
    config = loadServerConfig(options.config);
    return `domain ${config.domain}, data in ${config.dataDir}`;
  });
  if (config) yield* examineServer(config);
  yield* examineGateway(options.gateway);
  yield* examineNetwork(options.profile);
}

async function* examineServer(config: ServerConfig): AsyncGenerator<Check> {
  yield await check('database', async () => {
    const database = await openServerDatabase(config, SERVICES);
    await database.close();
    return 'opens and is up to date';
  });
  yield await check('disk', async () => {
    const { bavail, bsize } = await statfs(config.dataDir);
    const free = `${((bavail * bsize) / 2 ** 30).toFixed(1)} GiB free`;
    if (bavail * bsize < LOW_DISK_BYTES) throw new CommandError(`${free}: less than 500 MiB`);
    return free;
  });
  yield await check('certificate', async () => {
    const tls = await serverTls(config);
    const days = daysLeft(tls, Date.now());
    if (days < 0) throw new CommandError(`${tls.certificateFile} has expired on ${tls.expiresAt.toISOString()}`);
    const advice = days < RENEW_DAYS ? ' (renew it: the server takes the new files by itself)' : '';
    return `${tls.isSelfSigned ? 'self-signed, ' : ''}${tls.fingerprint}, ${days} days left${advice}`;
  });
  for (const [door, address] of Object.entries(config.listen)) {
    if (!address) continue;
    yield await check(`listen.${door}`, async () => {
      const answers = await isOpen(address);
      return `${address.host}:${address.port} ${answers ? 'answers' : 'is free: the server does not run'}`;
    });
  }
}

type ThingConfig = ReturnType<typeof loadGatewayConfig>['config']['things'][number];

async function* examineGateway(file: string | undefined): AsyncGenerator<Check> {
  let things: ReturnType<typeof loadGatewayConfig>['config']['things'] = [];
  yield await check('gateway configuration', () => {
    const loaded = loadGatewayConfig(file);
    things = loaded.config.things;
    return `${loaded.file}: ${things.length} Things`;
  });
  for (const thing of things) {
    for (const { host, port } of devicesOf(thing)) {
      yield await check(`device of ${thing.account.jid}`, async () => {
        if (await isOpen({ host, port })) return `${host}:${port} answers`;
        throw new CommandError(`nothing answers at ${host}:${port}`);
      });
    }
  }
}

/** Where the gateway connects to for a Thing. TIMs that come by themselves are not looked for. */
function devicesOf(thing: ThingConfig): readonly { readonly host: string; readonly port: number }[] {
  switch (thing.driver) {
    case 'direct-io':
      return [];
    case 'dnp3-tcp':
      return [thing.dnp3];
    case 'ieee1451':
      return thing.ieee1451.connect;
    default:
      return [thing.modbus];
  }
}

async function* examineNetwork(profile: string | undefined): AsyncGenerator<Check> {
  let loaded: ReturnType<typeof loadProfile> | undefined;
  yield await check('profile', () => {
    loaded = loadProfile(profile);
    return `${loaded.jid} (${loaded.file})`;
  });
  if (!loaded) return;
  const used = loaded;
  let client: Awaited<ReturnType<typeof signIn>> | undefined;
  yield await check('sign-in', async () => {
    client = await signIn(used);
    return `as ${client.jid}`;
  });
  if (!client) return;
  const signedIn = client;
  yield await check('server', async () => {
    const started = performance.now();
    await ping(signedIn, undefined, { timeoutMs: 5000 });
    return `answers in ${(performance.now() - started).toFixed(1)} ms`;
  });
  for (const [title, feature] of [
    ['Thing Registry', DISCOVERY],
    ['history service', HISTORY],
  ] as const) {
    yield await check(title, async () => {
      const found = await findService(signedIn, Jid.parse(signedIn.jid.domain), feature);
      if (found) return found.toString();
      throw new CommandError(`${signedIn.jid.domain} has none`);
    });
  }
  await signedIn.stop();
}

async function check(name: string, examineIt: () => string | Promise<string>): Promise<Check> {
  try {
    return { name, outcome: 'ok', detail: await examineIt() };
  } catch (error) {
    if (error instanceof UsageError) return { name, outcome: 'skipped', detail: error.message };
    return { name, outcome: 'failed', detail: (error as Error).message };
  }
}

function isOpen({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
