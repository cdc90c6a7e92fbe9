#!/usr/bin/env node
/*
 * What the guard costs: a decision that is remembered, one that is not, inspection, the audit log, learning what is usual, and the way of stanzas through the router that nobody
 * inspects, without a guard, with one that has no policies, and with one that has.
 *   npm run bench -- guard
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  auditConfigSchema,
  Baseline,
  baselineConfigSchema,
  compileBundle,
  Guard,
  GuardAudit,
  Inspection,
} from '@thingward/guard';
import { Frame, parseElement } from '@thingward/xml';
import { Jid, SILENT_LOGGER } from '@thingward/xmpp';
import { StanzaTraffic } from '../packages/server/dist/figures/stanza-counts.js';
import { StanzaGate } from '../packages/server/dist/guard/stanza-gate.js';
import { Hooks } from '../packages/server/dist/hooks.js';
import { Router } from '../packages/server/dist/router.js';
import { Session, SessionTable } from '../packages/server/dist/session.js';
import { Stanza } from '../packages/server/dist/stanza.js';

const CIRCUMSTANCES = { origin: 'client', isEncrypted: true, authentication: 'challenge', address: '192.0.2.7' };
const PLANTS = 200;

/** As an operator might have them: groups, sites, ranges, shifts, and rules about single accounts and Things. */
function policies() {
  const things = Array.from(
    { length: PLANTS },
    (_, i) => `  plc${i}@example.org: { owner: owner@example.org, sites: [site${i % 10}] }`,
  );
  const own = Array.from(
    { length: PLANTS },
    (_, i) =>
      `permit(principal == Account::"hmi${i}@example.org", action in Action::"control", resource == Thing::"plc${i}@example.org");`,
  );
  const shared = Array.from(
    { length: 10 },
    (_, i) => `permit(principal in Group::"operators", action == Action::"set", resource in Site::"site${i}")
      when { context has number && context.number.greaterThanOrEqual(decimal("10.0")) && context.number.lessThanOrEqual(decimal("80.0")) }
      when { context.hour >= 0 && context.hour < 24 };`,
  );
  return compileBundle(
    new Map([
      ['entities.yaml', `groups: { operators: [ana@example.org] }\nthings:\n${things.join('\n')}\n`],
      [
        'own.cedar',
        [
          ...own,
          ...shared,
          'forbid(principal, action in Action::"control", resource) when { resource.isGuarded && !context.isEncrypted };',
        ].join('\n'),
      ],
    ]),
  );
}

const OPTIONS = {
  facts: {
    isRegistered: () => false,
    thing: () => undefined,
    nodesOf: () => [],
    relation: () => ({ rosterGroups: [], isFriend: false, ownerAllows: () => false }),
    isLocal: () => true,
  },
  enforcer: 'router',
  clock: () => new Date(),
  newId: () => 'x',
};

function guardWith(bundle) {
  const guard = new Guard(OPTIONS);
  guard.use(bundle);
  return guard;
}

/** Microseconds of processor time of one, the best of several rounds: what else the machine does is not counted. */
function microseconds(rounds, count, work) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const begun = process.cpuUsage();
    for (let i = 0; i < count; i++) work(i);
    const { user, system } = process.cpuUsage(begun);
    best = Math.min(best, (user + system) / count);
  }
  return best;
}

const bundle = policies();
const guard = guardWith(bundle);
const inspection = new Inspection();
const set = (value) =>
  parseElement(
    `<iq xmlns='jabber:client' type='set' id='1' to='plc7@example.org/x'><set xmlns='urn:xmpp:iot:control'><double name='Setpoint' value='${value}'/></set></iq>`,
  );
const about = { kind: 'iq', type: 'set', from: 'ana@example.org', to: 'plc7@example.org' };
const principal = Jid.parse('ana@example.org/desk');
const asked = (stanza) =>
  inspection.operations(stanza, about).map((one) => ({ ...one, principal, circumstances: CIRCUMSTANCES }));
const one = set('50');
const operations = asked(one);
if (guard.decide(operations).outcome !== 'permit') throw new Error('the benchmark asks for what is not permitted');

const values = Array.from({ length: 2000 }, (_, i) => asked(set((10 + i * 0.0035).toFixed(4))));
const cached = microseconds(15, 20_000, () => guard.decide(operations));
const uncached = microseconds(15, 2000, (i) => guard.decide(values[i]));
/** The same policies with nothing but Cedar to decide by. */
const cedarOnly = policies();
for (const policy of cedarOnly.set.policies) policy.holds = undefined;
const byCedar = guardWith(cedarOnly);
const left = microseconds(8, 2000, (i) => byCedar.decide(values[i]));
const strangers = Array.from({ length: 2000 }, (_, i) =>
  operations.map((operation) => ({ ...operation, principal: Jid.parse(`user${i}@example.org/x`) })),
);
const first = microseconds(8, 2000, (i) => {
  if (i === 0) guard.forget();
  guard.decide(strangers[i]);
});
const inspected = microseconds(15, 20_000, () => inspection.operations(one, about));
console.log(`policies                                  ${bundle.set.policies.length}`);
console.log(`decision, remembered                      ${cached.toFixed(2)} us (target: under 5)`);
console.log(`decision about a new value                ${uncached.toFixed(1)} us (target: under 100)`);
console.log(`the same, left to Cedar                   ${left.toFixed(1)} us (x${(left / uncached).toFixed(1)})`);
console.log(`decision about somebody new               ${first.toFixed(1)} us (target: under 100)`);
console.log(`inspection of a command                   ${inspected.toFixed(2)} us`);

/** The same guard with more to do for each decision. */
function guardThat(more) {
  const made = new Guard({ ...OPTIONS, ...more });
  made.use(policies());
  return made;
}

/** Microseconds of processor time of each decision, with what is done behind it until it is on the disk. */
async function withBackground(rounds, count, work, settled) {
  let best = Number.POSITIVE_INFINITY;
  let inLine = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const begun = process.cpuUsage();
    for (let i = 0; i < count; i++) work(i);
    const line = process.cpuUsage(begun);
    await settled();
    const all = process.cpuUsage(begun);
    inLine = Math.min(inLine, (line.user + line.system) / count);
    best = Math.min(best, (all.user + all.system) / count);
  }
  return { inLine, best };
}

const denied = asked(set('99'));
const dataDir = mkdtempSync(join(tmpdir(), 'thingward-bench-audit-'));
const audit = new GuardAudit({
  config: auditConfigSchema.parse({ deniedPerMinute: 100_000 }),
  dataDir,
  clock: () => new Date(),
  log: SILENT_LOGGER,
});
await audit.start('bench');
const plain = guardThat({});
const audited = guardThat({ keeper: audit });
const learning = guardThat({ baseline: new Baseline(baselineConfigSchema.parse({ burstChanges: 100_000 })) });
const decided = { 'a permitted change': operations, 'a denial': denied };
for (const [name, what] of Object.entries(decided)) {
  const alone = microseconds(10, 5000, () => plain.decide(what));
  const { inLine, best } = await withBackground(
    10,
    5000,
    () => audited.decide(what),
    () => audit.settled(),
  );
  console.log(
    `${`audit of ${name}`.padEnd(42)}${(inLine - alone).toFixed(2)} us before it is carried out, ${(best - inLine).toFixed(2)} us behind it, until it is on the disk`,
  );
}
let number = 0;
const learned = microseconds(15, 5000, () => learning.decide(operations, { stanzaId: String(number++) }));
const alone = microseconds(15, 5000, () => plain.decide(operations, { stanzaId: String(number++) }));
console.log(`learning what is usual, for each decision ${(learned - alone).toFixed(2)} us`);
await audit.stop();
rmSync(dataDir, { recursive: true });

/** A router with two clients; what comes out is counted. */
function routerWith(gateGuard) {
  const sessions = new SessionTable();
  const hooks = new Hooks();
  const router = new Router(Jid.parse('example.org'), sessions, hooks, SILENT_LOGGER, new StanzaTraffic());
  const wire = { sendStanza() {}, send() {}, closeStream() {}, isEncrypted: true, remote: '127.0.0.1:1' };
  const counts = { count() {} };
  for (const jid of ['ana@example.org/desk', 'tom@example.org/desk', 'plc7@example.org/x']) {
    sessions.add(new Session(Jid.parse(jid), wire, counts));
  }
  if (gateGuard) {
    const circumstances = Object.assign(() => CIRCUMSTANCES, { isOurs: () => false });
    const facts = { isToldBy: () => false, told() {}, asked() {}, ready: undefined };
    router.setInspector(new StanzaGate({ guard: gateGuard, inspection: new Inspection(), facts, circumstances }));
  }
  return { router, session: sessions.get(Jid.parse('ana@example.org/desk')) };
}

const kinds = {
  chat: (to) =>
    `<message xmlns='jabber:client' to='${to}' type='chat' id='1'><body>hello</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  reading: (to) =>
    `<message xmlns='jabber:client' to='${to}' id='1'><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1' done='true'><node nodeId='a'><timestamp value='2026-01-01T00:00:00Z'><numeric name='T' value='1' unit='C'/></timestamp></node></fields></message>`,
};
const setUps = {
  none: routerWith(undefined),
  'without policies': routerWith(guardWith(undefined)),
  'with policies': routerWith(guard),
};
const from = Jid.parse('ana@example.org/desk');
for (const [kind, text] of Object.entries(kinds)) {
  const to = Jid.parse('tom@example.org/desk');
  const bytes = new TextEncoder().encode(text(to));
  const best = {};
  // In turns, so that what else the machine does meets all of them.
  for (let round = 0; round < 60; round++) {
    for (const [name, { router, session }] of Object.entries(setUps)) {
      const each = microseconds(1, 10_000, () => {
        router.fromClient(Stanza.received(Frame.parse(bytes), from, to), session);
      });
      best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, each);
    }
  }
  for (const [name, each] of Object.entries(best)) {
    console.log(
      `${`${kind}, read and routed, guard ${name}`.padEnd(48)}${each.toFixed(2)} us (x${(each / best.none).toFixed(3)})`,
    );
  }
}
