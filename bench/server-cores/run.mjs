#!/usr/bin/env node
/*
 * The XMPP server without and with worker processes: does throughput grow with processors? Nothing is pinned; the load takes part of a
 * processor itself. What the main process spends on a stanza says where growth ends.
 *   npm run bench -- server-cores [scenario...] [--workers 0,1,2] [--seconds N] [--clients N] [--window N]
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { freePort } from '../server/peers.mjs';
import { family, ownCpuSeconds } from '../server/usage.mjs';

const program = (name) => fileURLToPath(new URL(`../server/${name}`, import.meta.url));
const run = promisify(execFile);
const cores = availableParallelism();

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workers: { type: 'string', default: [...new Set([0, 1, 2, cores])].join(',') },
    seconds: { type: 'string', default: '4' },
    clients: { type: 'string', default: '100' },
    window: { type: 'string', default: '16' },
  },
});
const scenarios = positionals.length > 0 ? positionals : ['messages-sensor', 'messages-sensor-tls'];
const [seconds, clients, window] = ['seconds', 'clients', 'window'].map((key) => Number(values[key]));

console.log(`${cores} processors`);
for (const scenario of scenarios) {
  let alone;
  for (const workers of values.workers.split(',').map(Number)) {
    const { perSecond, microseconds } = await measure(scenario, workers);
    alone ??= perSecond;
    const [main, ...others] = microseconds.map((each) => each.toFixed(1));
    const share = others.length > 0 ? `, workers ${others.join(' + ')}` : '';
    console.log(
      `${scenario.padEnd(20)} ${String(workers).padStart(2)} workers  ${Math.round(perSecond).toLocaleString('en').padStart(9)} per second, ` +
        `${(perSecond / alone).toFixed(2)}x; of each µs in main ${main}${share}`,
    );
  }
}

/** @returns stanzas per second, and the microseconds that each process of the server spends on one */
async function measure(scenario, workers) {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-cores-'));
  const [plain, tls] = [await freePort(), await freePort()];
  const config = join(directory, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      accounts: clients,
      domain: 'localhost',
      dataDir: directory,
      workers,
      listen: { c2s: `127.0.0.1:${plain}`, c2sTls: `127.0.0.1:${tls}` },
      auth: { allowPlaintext: true },
    }),
  );
  const server = spawn(process.execPath, [program('thingward-peer.mjs'), config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await new Promise((resolve, reject) => {
      server.stdout.once('data', resolve);
      server.once('exit', () => reject(new Error('the server did not start')));
    });
    const isTls = scenario.endsWith('-tls');
    const target = { host: '127.0.0.1', port: isTls ? tls : plain, tls: isTls };
    const task = { scenario, pid: server.pid, target, seconds: seconds + 2, clients, window };
    const load = run(process.execPath, [program('load.mjs'), JSON.stringify(task)]);
    await delay(4000);
    const pids = family(server.pid);
    const [start, at] = [pids.map(ownCpuSeconds), performance.now()];
    await delay(seconds * 1000);
    const used = pids.map((pid, i) => ownCpuSeconds(pid) - start[i]);
    const elapsed = (performance.now() - at) / 1000;
    const { perSecond } = JSON.parse((await load).stdout);
    return { perSecond, microseconds: used.map((each) => (each / elapsed / perSecond) * 1e6) };
  } finally {
    server.kill();
    await new Promise((resolve) => (server.exitCode === null ? server.once('exit', resolve) : resolve()));
    rmSync(directory, { recursive: true, force: true });
  }
}
