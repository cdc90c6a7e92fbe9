import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Outcome } from '../life-of-a-thing.ts';
import { hasCommand } from './daemon.ts';
import { PYTHON } from './python.ts';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));
const START_TIMEOUT_MS = 30_000;

/** Can networks be made that are apart from that of this machine? */
export function hasNetworkNamespaces(): boolean {
  if (!hasCommand('ip') || !hasCommand('unshare') || process.getuid?.() !== 0) return false;
  const name = `tw-try-${process.pid}`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Which of two machines: the network's (10.77.0.1), or the one beside it (10.77.0.2). */
export type Machine = 'network' | 'neighbour';

/** Two machines on a link of their own. Programs that were started on them end with it. */
export class Link {
  readonly directory = mkdtempSync(join(tmpdir(), 'thingward-link-'));
  readonly #children: ChildProcess[] = [];
  readonly #names = { network: `tw-a-${process.pid}`, neighbour: `tw-b-${process.pid}` };

  /** @param triesOut whether addresses of IPv6 are tried out before they are used, which takes a second or two */
  constructor({ triesOut = false } = {}) {
    const { network, neighbour } = this.#names;
    const ip = (...args: string[]) => execFileSync('ip', args);
    for (const name of [network, neighbour]) ip('netns', 'add', name);
    ip('link', 'add', 'link0', 'netns', network, 'type', 'veth', 'peer', 'name', 'link0', 'netns', neighbour);
    for (const [name, address] of [
      [network, '10.77.0.1/24'],
      [neighbour, '10.77.0.2/24'],
    ] as const) {
      const setting = '/proc/sys/net/ipv6/conf/link0/accept_dad';
      ip('netns', 'exec', name, 'sh', '-c', `echo ${triesOut ? 1 : 0} >${setting}`);
      ip('-n', name, 'address', 'add', address, 'dev', 'link0');
      for (const device of ['lo', 'link0']) ip('-n', name, 'link', 'set', device, 'up');
      ip('-n', name, 'route', 'add', 'default', 'dev', 'link0');
    }
    writeFileSync(join(this.directory, 'resolv.conf'), 'nameserver 10.77.0.1\n');
  }

  /** Starts a program and waits until it has written what is expected. @returns what ends it before the link is closed */
  async start(
    machine: Machine,
    [command, ...args]: readonly [string, ...string[]],
    ready: RegExp,
  ): Promise<() => Promise<void>> {
    const child = spawn('ip', this.#on(machine, [command, ...args]), { env: this.#env, cwd: this.directory });
    this.#children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-8000);
      });
    }
    const until = Date.now() + START_TIMEOUT_MS;
    while (!ready.test(output)) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`${command} did not start: ${output}`);
      await delay(50);
    }
    return () => ended(child);
  }

  /** Runs a program to its end. @returns its lines, whatever its exit code */
  run(machine: Machine, command: readonly string[], input = ''): readonly string[] {
    const args = this.#on(machine, command);
    const text = execFileSync('ip', args, { env: this.#env, encoding: 'utf8', timeout: 60_000, input });
    return text.split('\n').filter((line) => line !== '');
  }

  /** Runs `thingward` there, in the directory of the link, to its end. */
  outcome(machine: Machine, args: readonly string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      const options = { env: this.#env, cwd: this.directory, timeout: 60_000 };
      execFile('ip', this.#on(machine, ['node', COMMAND, ...args]), options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
    });
  }

  /** The arguments of `ip` that run a program there, with the name server of the network. */
  #on(machine: Machine, command: readonly string[]): readonly string[] {
    const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    const file = join(this.directory, 'resolv.conf');
    return ['netns', 'exec', this.#names[machine], 'unshare', '--mount', 'sh', '-c', script, file, ...command];
  }

  /** What `thingward find-server` tells there. */
  find(machine: Machine, ...args: string[]): readonly Readonly<Record<string, unknown>>[] {
    return this.run(machine, ['node', COMMAND, 'find-server', '--json', '--seconds', '3', ...args]).map((line) =>
      JSON.parse(line),
    );
  }

  /** Starts Avahi there, with a message bus of its own. @param host name of the machine, as it is to be known */
  async startAvahi(machine: Machine, host: string): Promise<void> {
    const bus = this.file('bus.conf', [
      `<busconfig><listen>unix:path=${join(this.directory, 'bus')}</listen><auth>EXTERNAL</auth><policy context="default">`,
      '<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>',
    ]);
    await this.start(machine, ['dbus-daemon', `--config-file=${bus}`, '--nofork', '--print-address'], /unix:path/);
    const file = this.file('avahi.conf', ['[server]', `host-name=${host}`, 'allow-interfaces=link0', 'use-ipv6=yes']);
    const options = ['--no-drop-root', '--no-chroot', '--no-rlimits', '-f', file];
    await this.start(machine, ['avahi-daemon', ...options], /Server startup complete/);
  }

  /** From now on both machines have IPv6 alone. */
  dropIpv4(): void {
    for (const name of Object.values(this.#names)) {
      execFileSync('ip', ['-n', name, '-4', 'address', 'flush', 'dev', 'link0']);
    }
  }

  /** Runs `thingward` there, to its end. @returns its lines */
  runCommand(machine: Machine, args: readonly string[], input = ''): readonly string[] {
    return this.run(machine, ['node', COMMAND, ...args], input);
  }

  /** Starts `thingward` there and waits until it has said what is expected. */
  startCommand(machine: Machine, args: readonly string[], ready: RegExp): Promise<() => Promise<void>> {
    return this.start(machine, ['node', COMMAND, ...args], ready);
  }

  /** Runs a peer's script there. @returns the JSON it printed */
  runPeer(machine: Machine, script: string, args: readonly string[], python = PYTHON): unknown {
    const file = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
    return JSON.parse(this.run(machine, [python, file, ...args]).at(-1) ?? '');
  }

  /** Starts a peer's script there. @returns the JSON it prints at its end */
  async startPeer(machine: Machine, script: string, args: readonly string[], python = PYTHON): Promise<unknown> {
    const file = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
    const command = ['netns', 'exec', this.#names[machine], python, file, ...args];
    const { stdout } = await promisify(execFile)('ip', command, { timeout: 60_000 });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  }

  /** The configuration that `serve` has written. */
  get serverConfig(): string {
    return join(this.directory, 'server.yaml');
  }

  /** Starts `thingward serve` there. */
  async serve(machine: Machine, config: string): Promise<void> {
    const file = this.serverConfig;
    writeFileSync(file, config);
    await this.start(machine, ['node', COMMAND, 'serve', '--config', file], /thingward ready/);
  }

  /** Writes a file into its directory. @returns its path */
  file(name: string, lines: readonly string[]): string {
    const file = join(this.directory, name);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  async close(): Promise<void> {
    for (const child of this.#children.reverse()) await ended(child);
    for (const name of Object.values(this.#names)) execFileSync('ip', ['netns', 'del', name]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A message bus of its own, where there is one. */
  get #env() {
    return { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(this.directory, 'bus')}` };
  }
}

/** Ends a program, and waits until it has ended. */
async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise<void>((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once('exit', () => resolve()) : resolve(),
  );
  child.kill('SIGTERM');
  await Promise.race([exit, delay(5000, undefined, { ref: false })]);
  child.kill('SIGKILL');
}
