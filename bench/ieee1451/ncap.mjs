/* A gateway with an NCAP that says what it does. Arguments: TIMs, channels of each, seconds, `keep` when readings go to the outbox on disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gateway, gatewayConfigSchema } from '@thingward/gateway';
import { PeerError } from '@thingward/xmpp';

const [tims, channels, seconds] = process.argv.slice(2, 5).map(Number);
const dataDir = mkdtempSync(join(tmpdir(), 'thingward-bench-'));
const config = gatewayConfigSchema.parse({
  server: { domain: 'localhost' },
  dataDir,
  registry: 'none',
  history: process.argv[5] === 'keep' ? 'history.localhost' : 'none',
  eventLog: 'none',
  things: [
    {
      driver: 'ieee1451',
      name: 'NCAP',
      account: { jid: 'ncap@localhost', password: 'x' },
      ieee1451: { listen: { tcp: '127.0.0.1:0' }, admit: 'any', pollMs: 1000, maxTims: 20_000 },
    },
  ],
});
const connect = () => Promise.reject(new PeerError('not-connected', 'there is no server'));
const gateway = new Gateway(config, { connect });
const [ncap] = gateway.ncaps;

const took = [];
let failed = 0;
const read = ncap.read.bind(ncap);
ncap.read = async (...args) => {
  const begun = performance.now();
  try {
    return await read(...args);
  } catch (error) {
    failed++;
    throw error;
  } finally {
    took.push(performance.now() - begun);
  }
};

await gateway.start();
while (!ncap.ports.tcp) await pause(10);
const restingMiB = memory();
process.send({ port: ncap.ports.tcp });
const begun = performance.now();
const isComplete = () => gateway.status().things.length === 1 + tims * (1 + channels);
while (!isComplete()) await pause(100);
const joinedMs = performance.now() - begun;
await pause(2000);

took.length = 0;
failed = 0;
const before = process.cpuUsage();
const from = performance.now();
let mostMiB = 0;
while (performance.now() - from < seconds * 1000) {
  mostMiB = Math.max(mostMiB, memory());
  await pause(200);
}
const elapsedSeconds = (performance.now() - from) / 1000;
const { user, system } = process.cpuUsage(before);
took.sort((a, b) => a - b);
const at = (share) => took[Math.floor((took.length - 1) * share)] ?? 0;
process.send({
  joinedMs,
  elapsedSeconds,
  reads: took.length,
  failed,
  late: took.filter((ms) => ms > 1000).length,
  medianMs: at(0.5),
  p99Ms: at(0.99),
  core: (user + system) / 1e6 / elapsedSeconds,
  restingMiB,
  mostMiB,
});
await gateway.stop();
rmSync(dataDir, { recursive: true, force: true });
process.exit(0);

function memory() {
  return process.memoryUsage().rss / 2 ** 20;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
