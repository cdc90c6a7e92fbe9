#!/usr/bin/env node
// Does `npm start` do what the README says? Starts it on ports of its own, waits until it is ready, asks the console and a Thing, and stops it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const data = mkdtempSync(join(tmpdir(), 'thingward-smoke-'));
const LIMIT_MS = 60_000;

const [http, c2s, c2sTls, plc, outstation, scada] = await Promise.all(Array.from({ length: 6 }, () => freePort()));
const at = (port) => `127.0.0.1:${port}`;
const doors = ['--http', at(http), '--c2s', at(c2s), '--c2s-tls', at(c2sTls)];
const options = ['--data', data, ...doors, '--plc', at(plc), '--outstation', at(outstation), '--scada', at(scada)];
const started = performance.now();
const demo = spawn('npm', ['start', '--', ...options], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true,
});
const timer = setTimeout(() => end('not ready in time'), LIMIT_MS);

let said = '';
demo.stdout.on('data', (chunk) => {
  said += chunk;
  if (/^thingward ready /m.test(said)) void examine();
});
// Asked to stop by Ctrl-C, npm ends with the signal.
demo.on('exit', (code, signal) => end(isStopping ? undefined : `npm start ended with ${code ?? signal}`));

let examined = false;
let isStopping = false;
async function examine() {
  if (examined) return;
  examined = true;
  console.log(`ready after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const page = await fetch(`http://${at(http)}/`);
  if (!page.ok || !(await page.text()).includes('<script')) end(`the console answers ${page.status}`);
  const read = spawn(process.execPath, [
    join(root, 'packages/cli/bin/thingward.js'),
    'read',
    'plc@localhost',
    'Level',
    '--json',
    '--profile',
    join(data, 'profile.yaml'),
  ]);
  let output = '';
  read.stdout.on('data', (chunk) => {
    output += chunk;
  });
  read.on('exit', (code) => {
    if (code !== 0 || JSON.parse(output).unit !== '%') end(`reading the PLC failed: ${output}`);
    console.log(`read ${output.trim()}`);
    isStopping = true;
    process.kill(-demo.pid, 'SIGINT');
  });
}

function end(problem) {
  clearTimeout(timer);
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 1;
    try {
      process.kill(-demo.pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  }
  rmSync(data, { recursive: true, force: true });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
