import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where Debian puts each version of PostgreSQL. */
const VERSIONS = '/usr/lib/postgresql';
const START_TIMEOUT_MS = 30_000;

/** A PostgreSQL of our own, in a directory of its own, which answers on a Unix socket alone. */
export interface PostgresServer {
  /** The address of a database that everything may be done with. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Where its programs are; undefined: it is not installed, or there is nobody it could run as. */
export function findPostgres(): { readonly bin: string; readonly uid: number; readonly gid: number } | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const [newest] = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a));
  const user =
    process.getuid?.() === 0 ? accountOf('postgres') : { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  return newest === undefined || user === undefined ? undefined : { bin: join(VERSIONS, newest, 'bin'), ...user };
}

function accountOf(name: string): { readonly uid: number; readonly gid: number } | undefined {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

/** @throws Error when it is not installed or does not start */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const found = findPostgres();
  if (!found) throw new Error('PostgreSQL is not installed');
  const { bin, uid, gid } = found;
  const directory = mkdtempSync(join(tmpdir(), 'thingward-postgres-'));
  chownSync(directory, uid, gid);
  chmodSync(directory, 0o755);
  const data = join(directory, 'data');
  const asUser = { cwd: directory, uid, gid, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } } as const;
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'thingward', '-E', 'UTF8', '--auth=trust', '--no-sync'], {
    ...asUser,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const options = ['max_connections=300', 'max_locks_per_transaction=256', ...settings];
  const child = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-k', directory, '-c', 'listen_addresses=', ...options.flatMap((option) => ['-c', option])],
    { ...asUser, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    // Ends at once, without waiting for who is connected.
    child.kill('SIGINT');
    await Promise.race([ended, delay(10_000, undefined, { ref: false })]);
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  const until = Date.now() + START_TIMEOUT_MS;
  while (!answers(bin, directory)) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error(`PostgreSQL did not start: ${output}`);
    }
    await delay(100);
  }
  return { address: `postgres://thingward@/postgres?host=${directory}`, stop };
}

function answers(bin: string, directory: string): boolean {
  try {
    execFileSync(join(bin, 'pg_isready'), ['-h', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
