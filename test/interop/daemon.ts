import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MS = 30_000;
/** Where Debian puts Erlang libraries: ejabberd's own script can't be started as root in a directory of its own. */
const ERLANG_LIBRARIES = '/usr/lib/x86_64-linux-gnu';

/** A server that is not ours, in a directory of its own. */
export interface Daemon {
  /** What it wrote last. */
  readonly output: () => string;
  stop(): Promise<void>;
}

export function hasCommand(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function hasEjabberd(): boolean {
  if (!hasCommand('erl')) return false;
  try {
    return readdirSync(ERLANG_LIBRARIES).some((name) => name.startsWith('ejabberd-'));
  } catch {
    return false;
  }
}

/** A port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Can a process be given name servers of its own, and one be run for it? */
export function hasNameServer(): boolean {
  return hasCommand('dnsmasq') && hasCommand('unshare') && process.getuid?.() === 0;
}

/** A name server that knows these records alone. @param lines of dnsmasq's configuration */
export async function startNameServer(address: string, lines: readonly string[]): Promise<Daemon> {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-dns-'));
  const file = join(directory, 'dnsmasq.conf');
  const common = ['no-resolv', 'no-hosts', 'bind-interfaces', `listen-address=${address}`, 'user=root', 'pid-file'];
  writeFileSync(file, [...common, ...lines, ''].join('\n'));
  return start('dnsmasq', ['--keep-in-foreground', `--conf-file=${file}`], {}, directory, [
    { port: 53, host: address },
  ]);
}

/**
 * @param config the lines that differ from one test to the other
 * @param nameServer instead of the system's
 */
export async function startProsody(config: string, ports: readonly number[], nameServer?: string): Promise<Daemon> {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-prosody-'));
  const file = join(directory, 'prosody.cfg.lua');
  const common = `run_as_root = true
daemonize = false
pidfile = "${join(directory, 'prosody.pid')}"
data_path = "${directory}"
log = { warn = "*console" }
interfaces = { "127.0.0.1" }
c2s_ports = {}
s2s_ports = {}
authentication = "internal_hashed"
modules_enabled = { "disco", "ping" }
`;
  writeFileSync(file, common + config);
  return start('prosody', ['-F', '--config', file], {}, directory, onLoopback(ports), nameServer);
}

/** @see startProsody */
export async function startEjabberd(config: string, ports: readonly number[], nameServer?: string): Promise<Daemon> {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-ejabberd-'));
  const file = join(directory, 'ejabberd.yml');
  writeFileSync(file, `loglevel: warning\nauth_method: internal\n${config}`);
  mkdirSync(join(directory, 'database'));
  const args = ['+sbwt', 'none', '-mnesia', 'dir', `"${join(directory, 'database')}"`, '-noinput', '-s', 'ejabberd'];
  const env = {
    ERL_LIBS: ERLANG_LIBRARIES,
    EJABBERD_CONFIG_PATH: file,
    EJABBERD_LOG_PATH: join(directory, 'ejabberd.log'),
  };
  return start('erl', args, env, directory, onLoopback(ports), nameServer);
}

interface Door {
  readonly host: string;
  readonly port: number;
}

const onLoopback = (ports: readonly number[]): Door[] => ports.map((port) => ({ host: '127.0.0.1', port }));

/** The command line that runs another one with a name server of its own. */
function withNameServer(
  [command, ...args]: readonly [string, ...string[]],
  nameServer: string,
  directory: string,
): [string, string[]] {
  const file = join(directory, 'resolv.conf');
  writeFileSync(file, `nameserver ${nameServer}\n`);
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return ['unshare', ['--mount', 'sh', '-c', script, file, command, ...args]];
}

async function start(
  name: string,
  options: readonly string[],
  env: Readonly<Record<string, string>>,
  directory: string,
  doors: readonly Door[],
  nameServer?: string,
): Promise<Daemon> {
  const [command, args] =
    nameServer === undefined ? [name, options] : withNameServer([name, ...options], nameServer, directory);
  const child = spawn(command, args, { cwd: directory, env: { ...process.env, HOME: directory, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-8000);
    });
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await Promise.race([ended, delay(5000, undefined, { ref: false })]);
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  const until = Date.now() + START_TIMEOUT_MS;
  for (const door of doors) {
    while (!(await answers(door))) {
      if (child.exitCode !== null || Date.now() > until) {
        await stop();
        throw new Error(`${name} did not start: ${output}`);
      }
      await delay(100);
    }
  }
  return { output: () => output, stop };
}

function answers(door: Door): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(door);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
