#!/usr/bin/env node
/*
 * The XMPP server beside its peers, on one machine, in one run. See README.md here.
 *   npm run bench -- server [scenario...] [--seconds N] [--clients N] [--window N] [--peers a,b] [--json]
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { collectionFile } from './collection.mjs';
import { halfLoad } from './half-load.mjs';
import { PEERS } from './peers.mjs';
import { SCENARIOS } from './scenarios.mjs';

const LOAD = fileURLToPath(new URL('./load.mjs', import.meta.url));
const run = promisify(execFile);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '4' },
    clients: { type: 'string', default: '100' },
    window: { type: 'string', default: '16' },
    connections: { type: 'string', default: '1000' },
    peers: { type: 'string', default: PEERS.map(({ name }) => name).join(',') },
    json: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !(name in SCENARIOS));
if (unknown.length > 0) {
  console.error(`no such scenario: ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}`);
  process.exit(2);
}
const chosen = positionals.length > 0 ? positionals : Object.keys(SCENARIOS);
const [seconds, clients, window, connections] = ['seconds', 'clients', 'window', 'connections'].map((key) =>
  Number(values[key]),
);
const say = (line) => (values.json ? console.error(line) : console.log(line));

const peers = PEERS.filter(({ name }) => values.peers.split(',').includes(name));
for (const peer of peers.filter(({ isInstalled }) => !isInstalled())) {
  say(`${peer.name} is not installed and is left out (${peer.install})`);
}

let running;
const directory = mkdtempSync(join(tmpdir(), 'thingward-bench-'));
async function end() {
  await running?.stop();
  rmSync(directory, { recursive: true, force: true });
}
process.once('SIGINT', () => void end().then(() => process.exit(130)));

/** Runs one load process on the second core. */
async function load(task) {
  const { stdout } = await run('taskset', ['-c', '1', process.execPath, LOAD, JSON.stringify(task)], {
    timeout: 180_000,
  });
  return JSON.parse(stdout);
}

/** Runs a scenario against a fresh server: what one scenario leaves behind must not burden the next. */
async function measure(peer, name, more = {}) {
  const scenario = SCENARIOS[name];
  const home = mkdtempSync(join(directory, `${peer.name}-`));
  const collects = scenario.kind === 'memory' ? collectionFile(home) : undefined;
  running = await peer.start(home, clients + 1, collects);
  try {
    const target = {
      host: '127.0.0.1',
      port: scenario.tls ? running.tls : running.plain,
      tls: scenario.tls === true,
    };
    const task = {
      scenario: name,
      pid: running.pid,
      target,
      seconds,
      clients,
      window,
      connections,
      collectionFile: collects,
    };
    if (!running.hasAccounts && !peer.isMqtt) {
      await load({
        ...task,
        kind: 'register',
        clients: clients + 1,
        target: { ...target, port: running.plain, tls: false },
      });
    }
    return await load({ ...task, ...more });
  } finally {
    await running.stop();
    running = undefined;
  }
}

function reasonOf(error) {
  if (/not offered/.test(error.stderr ?? '')) return 'not offered';
  return (error.stderr || error.message).trim().split('\n').slice(-6).join(' ');
}

/** Levels of service to be measured, where the protocol has such: of MQTT there is one scenario. */
function variantsOf(peer, name) {
  if (!peer.isMqtt) return [undefined];
  return name === 'messages-sensor' ? [0, 1] : [];
}

const installed = peers.filter(({ isInstalled }) => isInstalled());
const results = [];
try {
  for (const peer of installed) {
    say(`${peer.name} ${peer.version}`.trim());
    for (const name of chosen.filter((each) => SCENARIOS[each].kind !== 'half-load')) {
      for (const qos of variantsOf(peer, name)) {
        const label = qos === undefined ? peer.name : `${peer.name} QoS ${qos}`;
        try {
          const result = await measure(peer, name, qos === undefined ? {} : { mqtt: { qos } });
          results.push({ scenario: name, peer: label, ...result });
          say(`  ${name.padEnd(22)} ${describe(SCENARIOS[name], result)}`);
        } catch (error) {
          results.push({ scenario: name, peer: label, error: reasonOf(error) });
          say(`  ${name.padEnd(22)} ${reasonOf(error)}`);
        }
      }
    }
  }
  for (const name of chosen.filter((each) => SCENARIOS[each].kind === 'half-load')) await atHalfLoad(name);
} finally {
  await end();
}

/** Ours beside each peer, at half of what that peer can bear. */
async function atHalfLoad(name) {
  const ours = installed.find((peer) => peer.name === 'thingward');
  if (!ours) return;
  say(name);
  for (const peer of installed.filter((each) => each !== ours && !each.isMqtt)) {
    try {
      const result = await halfLoad(ours, peer, (each, more) => measure(each, name, more));
      results.push({ scenario: name, peer: peer.name, ...result });
      say(
        `  ${peer.name} is saturated at ${Math.round(result.saturation).toLocaleString('en')}/s (load ${percent(result.clientLoad)} of a core); at half of it`,
      );
      for (const [label, figures] of [
        ['thingward', result.ours],
        [peer.name, result.theirs],
      ]) {
        say(`    ${label.padEnd(20)} ${describe({ kind: 'latency' }, figures)}`);
      }
    } catch (error) {
      results.push({ scenario: name, peer: peer.name, error: reasonOf(error) });
      say(`  ${peer.name.padEnd(22)} ${reasonOf(error)}`);
    }
  }
}

if (values.json) console.log(JSON.stringify(results, undefined, 2));
else printRatios();

function describe({ kind, unit }, result) {
  if (kind === 'memory') {
    const [collected, asFound] = [result.bytesPerConnection, result.bytesPerConnectionAsFound].map((bytes) =>
      (bytes / 1000).toFixed(1),
    );
    return `${collected} ${unit} (${asFound} before garbage was collected)`;
  }
  const loads = `server ${percent(result.serverLoad)}, load ${percent(result.clientLoad)} of a core`;
  if (kind === 'latency') {
    return `p50 ${result.p50.toFixed(2)}, p99 ${result.p99.toFixed(2)}, max ${result.max.toFixed(1)} ms at ${Math.round(result.perSecond)}/s (${loads})`;
  }
  return `${Math.round(result.perCpuSecond).toLocaleString('en')} ${unit} per CPU-second (${loads})`;
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** How many times better ours is: more work per CPU-second, less memory, a lower p99. */
function printRatios() {
  console.log('\nthingward is better by');
  for (const name of chosen) {
    if (SCENARIOS[name].kind === 'half-load') {
      const ratios = results
        .filter(({ scenario, error }) => scenario === name && !error)
        .map(({ peer, ours, theirs }) => `${(theirs.p99 / ours.p99).toFixed(2)}x ${peer}`);
      console.log(`  ${name.padEnd(22)} ${ratios.join(', ') || 'nothing to compare with'}`);
      continue;
    }
    const ours = results.find(({ scenario, peer, error }) => scenario === name && peer === 'thingward' && !error);
    if (!ours) continue;
    const ratios = results
      .filter(({ scenario, peer, error }) => scenario === name && peer !== 'thingward' && !error)
      .map((theirs) => {
        const { kind } = SCENARIOS[name];
        const ratio =
          kind === 'memory'
            ? theirs.bytesPerConnection / ours.bytesPerConnection
            : kind === 'latency'
              ? theirs.p99 / ours.p99
              : ours.perCpuSecond / theirs.perCpuSecond;
        return `${ratio.toFixed(2)}x ${theirs.peer}`;
      });
    console.log(`  ${name.padEnd(22)} ${ratios.join(', ') || 'nothing to compare with'}`);
  }
}
