#!/usr/bin/env node
// One scenario against one server, in a process of its own. Takes its task as JSON, prints its result as JSON.
import { setTimeout as delay } from 'node:timers/promises';
import { collect } from './collection.mjs';
import { runMqtt } from './mqtt.mjs';
import { connectAll, SCENARIOS } from './scenarios.mjs';
import { cpuSeconds, memoryBytes } from './usage.mjs';
import { XmppConnection } from './xmpp-connection.mjs';

/** Messages per second to begin with and to end with, and what they are multiplied by from one step to the next. */
const [FIRST_RATE, MAX_RATE, RATE_STEP] = [2000, 100_000, 1.2];
/** Where less than this share of what is offered gets through, the server is saturated. */
const GETS_THROUGH = 0.95;

const task = JSON.parse(process.argv[2]);
const { pid, target, seconds, clients, window } = task;

if (task.kind === 'register') {
  for (let i = 0; i < clients; i++) {
    const connection = await XmppConnection.open(target);
    await connection.register(`bench${i}`);
    connection.close();
  }
  await finish({});
}

const scenario = SCENARIOS[task.scenario];
if (scenario.kind === 'memory') {
  // What the first sessions cost is also what a server sets up once: the difference that as many more make is counted.
  await connectAll(target, task.connections, 10, 'first');
  // Long enough for a server to find that there is time to collect garbage, and for processes to hibernate.
  await delay(10_000);
  await collect(task.collectionFile);
  const before = memoryBytes(pid);
  await connectAll(target, task.connections, 10, 'second');
  await delay(10_000);
  const perConnection = () => (memoryBytes(pid) - before) / task.connections;
  const asFound = perConnection();
  await collect(task.collectionFile);
  await finish({ bytesPerConnection: perConnection(), bytesPerConnectionAsFound: asFound });
}

let done = 0;
const latencies = [];
const tick = (count) => {
  done += count;
};
const onLatency = (milliseconds) => latencies.push(milliseconds);
const pace = { rate: task.rate ?? scenario.rate ?? 0 };
const options = { clients, window, pace, tick, onLatency };
if (task.mqtt) await runMqtt(target, { ...options, qos: task.mqtt.qos });
else await scenario.run(target, options);

if (scenario.kind === 'half-load' && task.rate === undefined) await finish(await findSaturation());

await delay(2000);
latencies.length = 0;
const start = { done, cpu: cpuSeconds(pid), own: process.cpuUsage(), at: performance.now() };
await delay(seconds * 1000);
const elapsed = (performance.now() - start.at) / 1000;
const cpu = cpuSeconds(pid) - start.cpu;
const own = process.cpuUsage(start.own);
latencies.sort((a, b) => a - b);
const percentile = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
await finish({
  perSecond: (done - start.done) / elapsed,
  perCpuSecond: (done - start.done) / cpu,
  serverLoad: cpu / elapsed,
  clientLoad: (own.user + own.system) / 1e6 / elapsed,
  ...(latencies.length > 0 ? { p50: percentile(0.5), p99: percentile(0.99), max: latencies.at(-1) } : {}),
});

/** Offers more and more until less than what is offered gets through. @returns the most that did, per second */
async function findSaturation() {
  let saturation = 0;
  for (pace.rate = FIRST_RATE; pace.rate < MAX_RATE; pace.rate *= RATE_STEP) {
    await delay(500);
    const start = { done, own: process.cpuUsage(), at: performance.now() };
    await delay(1500);
    const elapsed = (performance.now() - start.at) / 1000;
    const own = process.cpuUsage(start.own);
    const perSecond = (done - start.done) / elapsed;
    saturation = Math.max(saturation, perSecond);
    const clientLoad = (own.user + own.system) / 1e6 / elapsed;
    if (perSecond < pace.rate * GETS_THROUGH) return { saturation, clientLoad };
  }
  throw new Error(`not saturated by ${MAX_RATE} messages per second`);
}

/** Says the result and ends the process: there is nothing after it. */
function finish(result) {
  return new Promise(() => {
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
  });
}
