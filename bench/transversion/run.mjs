#!/usr/bin/env node
/*
 * Modbus, or DNP3, between a master and devices through two adapters and a server, each a process of its own, beside the same master at the
 * devices directly: latency of a read, transactions per second, 1,000 devices polled each second through one adapter (its processor time
 * and memory), and bytes on the wire per poll, with XML and with EXI. Direct and carried take turns; figures are medians of rounds.
 *   npm run bench -- transversion [--protocol modbus|dnp3] [--rounds N] [--seconds N] [--devices N] [--many exi|xml]
 * The processor time of ingress, egress and server for each transaction says what it costs where others have most of the machine.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dnp3 } from './dnp3.mjs';
import { modbus } from './modbus.mjs';

const { values: options } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'modbus' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    devices: { type: 'string', default: '1000' },
    /** How the many devices are carried. */
    many: { type: 'string', default: 'exi' },
  },
});
const ROUNDS = Number(options.rounds);
const SECONDS = Number(options.seconds);
const DEVICES = Number(options.devices);
const IN_FLIGHT = 16;
const PROTOCOL = { modbus, dnp3 }[options.protocol];
if (!PROTOCOL) throw new Error(`--protocol is modbus or dnp3, not ${options.protocol}`);
const { protocol, perDoor, openMaster } = PROTOCOL;
const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'thingward-transversion-'));
const children = [];

const file = (name, content) => {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

/** Starts a verb of the command and waits until it says what is expected. */
async function start(args, ready) {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => said.push(line));
  const until = Date.now() + 60_000;
  while (!said.some((line) => ready.test(line))) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${args.join(' ')}:\n${said.join('\n')}`);
    await delay(20);
  }
  return { child, said };
}

async function run(args, input) {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: directory, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(input);
  await new Promise((resolve) => child.once('exit', resolve));
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A way to the server that counts what goes over it. */
async function countingWay(to) {
  const counts = { bytes: 0, packets: 0 };
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: to, noDelay: true });
    for (const [from, into] of [
      [near, far],
      [far, near],
    ]) {
      from.on('data', (chunk) => {
        counts.bytes += chunk.length;
        counts.packets++;
        into.write(chunk);
      });
      from.on('error', () => into.destroy());
      from.on('close', () => into.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, counts, close: () => server.close() };
}

async function latencies(master, seconds) {
  const times = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const before = performance.now();
    if (!(await master.ask(1))) throw new Error('the device has not answered');
    times.push(performance.now() - before);
  }
  return times;
}

async function throughput(master, seconds) {
  let count = 0;
  const until = performance.now() + seconds * 1000;
  const loop = async (unit) => {
    while (performance.now() < until) {
      await master.ask(unit);
      count++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => loop(PROTOCOL.inFlight(i))));
  return count / seconds;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const percentile = (values, p) => values.toSorted((a, b) => a - b)[Math.floor(values.length * p)];
/** Processor time in ms, and resident memory in MiB. @see proc(5) */
function usage({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
    mib: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024,
  };
}

try {
  const [c2s, devicePort, door] = [await freePort(), await freePort(), await freePort()];
  const server = file('thingward.yaml', {
    domain: 'localhost',
    dataDir: './data',
    listen: { c2s: `127.0.0.1:${c2s}` },
  });
  for (const name of ['scada', 'plant']) await run(['user', 'add', name, '--password-stdin', '--config', server], name);
  const { said, child: serving } = await start(['serve', '--config', server, '--log-level', 'warn'], /certificate:/);
  const fingerprint = /sha256:\S+/.exec(said.join('\n'))[0];
  const devices = await PROTOCOL.openDevices(devicePort, DEVICES, DEVICES + 10);

  /** Both adapters, each a process of its own. */
  async function adapters(exi, { ingress, egress }) {
    const way = await countingWay(c2s);
    const common = (port) => ({ domain: 'localhost', host: '127.0.0.1', port, fingerprint, exi });
    const account = (name) => ({ jid: `${name}@localhost`, password: name });
    const masters = [{ jid: 'scada@localhost', writes: true, ...PROTOCOL.master }];
    const far = file(`egress-${exi}.yaml`, {
      server: common(way.port),
      dataDir: `egress-${exi}`,
      eventLog: 'none',
      egress: [{ account: account('plant'), protocol, masters, maxWaiting: 1000, ...egress }],
    });
    const near = file(`ingress-${exi}.yaml`, {
      server: common(c2s),
      dataDir: `ingress-${exi}`,
      eventLog: 'none',
      ingress: ingress.map((one) => ({ account: account('scada'), protocol, ...one })),
    });
    const there = await start(['adapter', '--config', far, '--log-level', 'warn'], /adapter ready/);
    const here = await start(['adapter', '--config', near, '--log-level', 'warn'], /adapter ready/);
    const firstDoor = Number(ingress[0].listen.split(':')[1]);
    // Until both see each other.
    const probe = openMaster(firstDoor);
    for (let i = 0; !(await probe.ask(1)); i++) {
      if (i > 200) throw new Error('there is no way to the devices');
      await delay(50);
    }
    probe.close();
    const stop = async () => {
      for (const { child } of [here, there]) {
        child.kill();
        await new Promise((resolve) => child.once('exit', resolve));
      }
      way.close();
    };
    const all = { ingress: here.child, egress: there.child, server: serving };
    return { way, all, stop };
  }

  const rows = [];
  for (const exi of [false, true]) {
    const name = exi ? 'EXI' : 'XML';
    const running = await adapters(exi, {
      ingress: [
        { listen: `127.0.0.1:${door}`, routes: [{ ...PROTOCOL.units(`1-${IN_FLIGHT}`), to: 'plant@localhost' }] },
      ],
      egress: { lines: [{ connect: `127.0.0.1:${devicePort}`, maxInFlight: 16 }] },
    });
    const [direct, carried] = [openMaster(devicePort), openMaster(door)];
    await latencies(carried, 1);
    const figures = {
      added: [],
      p99: [],
      direct: [],
      carried: [],
      directRate: [],
      carriedRate: [],
      bytes: [],
      cpu: [],
    };
    for (let round = 0; round < ROUNDS; round++) {
      const [near, far] = [await latencies(direct, SECONDS / 4), await latencies(carried, SECONDS)];
      figures.direct.push(median(near));
      figures.carried.push(median(far));
      figures.added.push(median(far) - median(near));
      figures.p99.push(percentile(far, 0.99));
      const before = running.way.counts.bytes;
      const cpu = () => Object.values(running.all).reduce((sum, child) => sum + usage(child).cpuMs, 0);
      figures.directRate.push(await throughput(direct, SECONDS / 4));
      const cpuBefore = cpu();
      const rate = await throughput(carried, SECONDS);
      figures.cpu.push((cpu() - cpuBefore) / (rate * SECONDS));
      figures.carriedRate.push(rate);
      figures.bytes.push((running.way.counts.bytes - before) / (rate * SECONDS));
    }
    // One poll at a time: what each is in packets of its own.
    const { counts } = running.way;
    const start = { ...counts };
    for (let i = 0; i < 200; i++) await carried.ask(1);
    const single = (counts.bytes - start.bytes) / 200;
    direct.close();
    carried.close();
    await running.stop();
    const figure = Object.fromEntries(Object.entries(figures).map(([key, values]) => [key, median(values)]));
    rows.push({
      coded: name,
      'direct ms': figure.direct.toFixed(3),
      'carried ms': figure.carried.toFixed(3),
      'added ms': figure.added.toFixed(3),
      'p99 ms': figure.p99.toFixed(2),
      'direct /s': Math.round(figure.directRate),
      'carried /s': Math.round(figure.carriedRate),
      'CPU ms each, all three': figure.cpu.toFixed(2),
      'bytes, one at a time': Math.round(single),
      'bytes, pipelined': Math.round(figure.bytes),
    });
  }
  console.log(
    `${protocol}: ${PROTOCOL.what}, at the device and through ingress, server and egress (bytes: egress to server and back, TLS included)`,
  );
  console.table(rows);

  const doors = [];
  for (let i = 0; i < DEVICES; i += perDoor) doors.push(await freePort());
  const device = (i) => ({
    unit: (i % perDoor) + 1,
    name: `device-${i}`,
    host: `127.0.${1 + (i >> 8)}.${i & 255}`,
  });
  const all = Array.from({ length: DEVICES }, (_, i) => device(i));
  const many = await adapters(options.many === 'exi', {
    ingress: doors.map((port, d) => ({
      listen: `127.0.0.1:${port}`,
      maxInFlight: 256,
      timeoutMs: 5000,
      routes: all
        .slice(d * perDoor, (d + 1) * perDoor)
        .map(({ unit, name }) => ({ ...PROTOCOL.units(unit), to: 'plant@localhost', line: name })),
    })),
    egress: {
      lines: all.map(({ unit, name, host }) => ({ name, connect: `${host}:${devicePort}`, ...PROTOCOL.units(unit) })),
    },
  });
  const masters = doors.map((port) => openMaster(port));
  const polls = { answered: 0, failed: 0 };
  const took = [];
  const pollAll = (seconds) =>
    Promise.all(
      all.map(async ({ unit }, i) => {
        await delay((i / DEVICES) * 1000);
        for (let second = 0; second < seconds; second++) {
          const before = performance.now();
          const answer = await masters[Math.floor(i / perDoor)].ask(unit);
          const ms = performance.now() - before;
          took.push(ms);
          polls[answer ? 'answered' : 'failed']++;
          await delay(Math.max(0, 1000 - ms));
        }
      }),
    );
  await pollAll(3);
  took.length = 0;
  Object.assign(polls, { answered: 0, failed: 0 });
  const usages = () => Object.entries(many.all).map(([name, child]) => ({ name, ...usage(child) }));
  const [before, began] = [usages(), performance.now()];
  await pollAll(15);
  const seconds = (performance.now() - began) / 1000;
  const after = usages();
  console.log(
    `${protocol}: ${DEVICES} devices over ${options.many}, each polled once a second for 15 s through one egress with a connection to each`,
  );
  console.table({
    answered: polls.answered,
    failed: polls.failed,
    'polls per second': Math.round(took.length / seconds),
    'median ms': median(took).toFixed(2),
    'p99 ms': percentile(took, 0.99).toFixed(2),
    ...Object.fromEntries(
      after.flatMap(({ name, cpuMs, mib }, i) => [
        [`${name}, % of a core`, ((cpuMs - before[i].cpuMs) / seconds / 10).toFixed(1)],
        [`${name}, MiB`, Math.round(mib)],
      ]),
    ),
  });
  for (const master of masters) master.close();
  await many.stop();
  await devices.close();
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
