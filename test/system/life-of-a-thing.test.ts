import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { DEVICE, type LifeStage, NODE, tellLife } from '../life-of-a-thing.ts';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const COMMAND = file('packages/cli/bin/thingward.js');
const PLANT = file('packages/modbus/dist/simulator/main.js');

/** All on this machine: the template says where the server is. */
async function onLoopback(): Promise<LifeStage> {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-life-'));
  const children: ChildProcess[] = [];

  /** Starts a process and waits for a line it says when it is ready. */
  function start(args: readonly string[], ready: RegExp): Promise<{ child: ChildProcess; line: string }> {
    const child = spawn(process.execPath, args, { cwd: directory });
    children.push(child);
    let output = '';
    return new Promise((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-8000);
        const line = ready.exec(output)?.[0];
        if (line !== undefined) resolve({ child, line });
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${output}`)));
    });
  }
  async function stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  }

  const port = await freePort();
  writeFileSync(
    join(directory, 'thingward.yaml'),
    stringify({ domain: 'localhost', dataDir: './data', listen: { c2s: `127.0.0.1:${port}` } }),
  );
  const { line } = await start([PLANT, '--listen', '127.0.0.1:0'], /plc ready .*:\d+\n/);
  await start([COMMAND, 'serve', '--config', 'thingward.yaml'], /thingward ready/);
  return {
    domain: 'localhost',
    directory,
    templateServer: { host: '127.0.0.1', port },
    plantPort: Number(/:(\d+)\n/.exec(line)?.[1]),
    run: (...args) =>
      new Promise((resolve) => {
        execFile(process.execPath, [COMMAND, ...args], { cwd: directory, timeout: 40_000 }, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
        );
      }),
    async startGateway(config) {
      const { child } = await start([COMMAND, 'gateway', '--config', config], /gateway ready/);
      return { stop: () => stop(child) };
    },
    async close() {
      for (const child of children.reverse()) await stop(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

for (const life of [DEVICE, NODE]) tellLife(life, onLoopback);

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
