import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Jid, type Logger, SILENT_LOGGER } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Guard } from '../guard.ts';
import type { GuardDecision, Outcome } from '../guard-decision.ts';
import { NO_FACTS } from '../network/live-facts.ts';
import type { ActionName, Operation, OperationFacts } from '../operation.ts';
import { compileBundle } from '../policy/policy-bundle.ts';
import { type AddressRange, covers, MAX_RANGES, withRange } from './address-ranges.ts';
import { Baseline } from './baseline.ts';
import { type BaselineConfig, baselineConfigSchema } from './baseline-config.ts';
import { BaselineFile } from './baseline-file.ts';
import { KeptBaseline } from './kept-baseline.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const ANA = 'ana@example.org';
const EVE = 'eve@example.org';
const PLC = 'plc@example.org';

const operation = (
  who: string,
  action: ActionName,
  facts: Partial<OperationFacts> = {},
  jid = PLC,
  node?: string,
): Operation => ({
  principal: Jid.parse(`${who}/x`),
  action,
  resource: { kind: 'thing', jid, ...(node === undefined ? {} : { node }) },
  circumstances: { origin: 'client', isEncrypted: true, authentication: 'challenge' },
  facts: { protocol: 'modbus', ...facts },
});

function learning(config: Partial<BaselineConfig> = {}) {
  let now = Date.parse('2026-11-01T10:00:00Z');
  const baseline = new Baseline({ ...baselineConfigSchema.parse({}), ...config });
  let ids = 0;
  /** @returns which signals policies were shown for the first operation, and what was raised */
  const does = (
    operations: readonly Operation[],
    { outcome = 'permit', id }: { outcome?: Outcome; id?: string } = {},
  ) => {
    const observation = baseline.watch(operations, id ?? `i${++ids}`, now);
    const signals = observation.signals((operations[0] as Operation).facts);
    const unusual = baseline.decided(observation, outcome, now);
    return {
      shown: Object.entries(signals).flatMap(([name, holds]) => (holds ? [name] : [])),
      raised: unusual.map(({ signal }) => signal),
      text: unusual.map(({ text }) => text).join('\n'),
    };
  };
  const pass = (ms: number) => {
    now += ms;
  };
  const read = (address = 0, lastAddress = address + 9) =>
    operation(ANA, 'read', { function: 3, unit: 1, table: 'holdingRegister', address, lastAddress });
  const write = (address = 100, who = ANA) =>
    operation(who, 'write', { function: 6, unit: 1, table: 'holdingRegister', address, lastAddress: address });
  /** Ten days in which Ana reads and writes as she does. */
  const usual = () => {
    for (let day = 0; day < 10; day++) {
      expect(does([read()]).raised).toEqual([]);
      expect(does([write()]).raised).toEqual([]);
      expect(does([read()]).raised).toEqual([]);
      pass(DAY);
    }
  };
  return { baseline, does, pass, read, write, usual, now: () => now };
}

describe('what was never done before', () => {
  it('is raised once it was learned what is usual, with what is known in numbers', () => {
    const { does, read, write, usual, pass } = learning();
    usual();
    expect(does([read()]).shown).toEqual([]);
    const coil = operation(ANA, 'write', { function: 5, unit: 1, table: 'coil', address: 3, lastAddress: 3 });
    const first = does([coil], { outcome: 'deny' });
    expect(first).toMatchObject({ shown: ['firstSeen'], raised: ['firstSeen'] });
    expect(first.text).toBe(
      'ana@example.org has never done this at plc@example.org before: modbus: write function 5 unit 1 coil address 3 (known since 2026-11-01, 31 operations of 2 kinds)',
    );
    // What was denied is not usual because it was tried, but is not raised again at once.
    expect(does([coil], { outcome: 'deny' })).toMatchObject({ shown: ['firstSeen'], raised: [] });
    pass(11 * MINUTE);
    expect(does([coil])).toMatchObject({ shown: ['firstSeen'], raised: ['firstSeen'] });
    expect(does([coil]).shown).toEqual([]);
    // Another register is another thing to write to, and to read only another place.
    expect(does([write(101)]).raised).toEqual(['firstSeen']);
    expect(does([read(50)]).raised).toEqual([]);
  });

  it('is raised of who turns up when the Thing is known: the first thing, and each first change', () => {
    const { does, usual, write } = learning();
    usual();
    const look = operation(EVE, 'read', { function: 3, unit: 1, table: 'holdingRegister', address: 0, lastAddress: 1 });
    expect(does([look]).text).toContain('the first it does there at all');
    expect(does([operation(EVE, 'read', { function: 4, unit: 1 })]).raised).toEqual([]);
    expect(does([write(100, EVE)]).raised).toEqual(['firstSeen']);
    expect(does([write(100, EVE)]).raised).toEqual([]);
  });

  it('is what was not done for long, too', () => {
    const { does, usual, write, read, pass } = learning({ forgetDays: 30 });
    usual();
    for (let day = 0; day < 40; day++) {
      pass(DAY);
      does([read()]);
    }
    expect(does([read()]).shown).toEqual([]);
    expect(does([write()]).raised).toEqual(['firstSeen']);
  });
});

describe('a scan', () => {
  it('is many places one after the other, and never what is read all the time', () => {
    const { does, usual, read, pass } = learning({ scanPlaces: 10 });
    usual();
    for (let i = 0; i < 50; i++) expect(does([read()]).shown).toEqual([]);
    const shown = Array.from({ length: 12 }, (_, i) =>
      does([read(1000 + i * 20)], { outcome: 'deny' }).shown.includes('scan'),
    );
    expect(shown).toEqual([...Array.from({ length: 9 }, () => false), true, true, true]);
    pass(2 * MINUTE);
    expect(does([read(5000)]).shown).toEqual([]);
  });

  it('is found in one stanza, and over the nodes of a concentrator', () => {
    const { does, usual, pass } = learning({ scanPlaces: 10 });
    usual();
    const nodes = Array.from({ length: 10 }, (_, i) =>
      operation(EVE, 'read', { protocol: 'sensor-data' }, PLC, `n${i}`),
    );
    expect(does(nodes).raised).toContain('scan');
    pass(2 * MINUTE);
    const raised = nodes.map(
      (_, i) => does([operation(ANA, 'read', { protocol: 'sensor-data' }, PLC, `m${i}`)]).raised,
    );
    expect(raised.flat()).toContain('scan');
  });
});

describe('a burst', () => {
  it('is more changes within a minute than are usual, by a factor, and teaches little', () => {
    const { does, pass, write, baseline, now } = learning({ burstChanges: 5, burstFactor: 3 });
    const minute = (count: number) => {
      const raised = Array.from({ length: count }, () => does([write()]).raised).flat();
      pass(MINUTE);
      return raised;
    };
    expect(minute(5)).toEqual([]);
    // Usual are 5: three times as many are not yet too many.
    expect(minute(15)).toEqual([]);
    expect(baseline.explain(ANA, PLC, now()).changesPerMinute).toMatchObject({ usual: 5, limit: 15 });
    // Of those fifteen, seven are usual from now on: 21 are not too many, 22 are.
    expect(Array.from({ length: 21 }, () => does([write()]).raised).flat()).toEqual([]);
    expect(does([write()])).toMatchObject({ shown: ['burst'], raised: ['burst'] });
    expect(minute(100)).toEqual([]);
    does([write()]);
    expect(baseline.explain(ANA, PLC, now()).changesPerMinute).toMatchObject({ usual: 10, limit: 30, now: 1 });
    pass(28 * DAY);
    expect(baseline.explain(ANA, PLC, now()).changesPerMinute.usual).toBe(2.5);
  });

  it('is not taught by what was denied', () => {
    const { does, pass, write, baseline, now } = learning({ burstChanges: 5 });
    for (let i = 0; i < 100; i++) does([write()], { outcome: 'deny' });
    pass(MINUTE);
    expect(baseline.explain(ANA, PLC, now())).toMatchObject({
      operations: 0,
      changesPerMinute: { usual: 0, limit: 5 },
    });
  });
});

describe('a replay', () => {
  it('is the same change with the same id from the same client, for a while', () => {
    const { does, pass, write, read } = learning({ replaySeconds: 60 });
    expect(does([write()], { id: 'a' }).shown).toEqual([]);
    expect(does([write()], { id: 'b' }).shown).toEqual([]);
    expect(does([write(7)], { id: 'a' }).shown).toEqual([]);
    pass(5000);
    const again = does([write()], { id: 'a' });
    expect(again).toMatchObject({ shown: ['replay'], raised: ['replay'] });
    expect(again.text).toContain('that it sent 5 s ago, with the same id');
    does([read()], { id: 'r' });
    expect(does([read()], { id: 'r' }).shown).toEqual([]);
    pass(61_000);
    expect(does([write()], { id: 'a' }).shown).toEqual([]);
  });
});

describe('a baseline', () => {
  it('explains itself in words, and what is not known', () => {
    const { baseline, usual, does, read, now } = learning();
    expect(baseline.explain(ANA, PLC, now()).words.join('\n')).toContain('Nothing is known of plc@example.org either');
    does([read()]);
    expect(baseline.explain(ANA, PLC, now())).toMatchObject({ state: 'learning' });
    usual();
    const words = baseline.explain(ANA, PLC, now()).words.join('\n');
    expect(words).toContain('31 operations of 2 kinds');
    expect(words).toContain('Usual: modbus: read function 3 unit 1 holdingRegister (21 times');
    expect(words).toContain('Usual addresses to read unit 1 holdingRegister: 0-9.');
    expect(words).toContain('more than 30 raise burst');
    expect(baseline.explain(EVE, PLC, now()).words.join('\n')).toContain('the first thing it does raises firstSeen');
  });

  it('is the same after it was kept and read again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thingward-baseline-'));
    try {
      const { baseline, usual, now } = learning();
      usual();
      const path = join(folder, 'baseline.jsonl');
      await new BaselineFile(path).save(baseline.stored());
      const kept = new KeptBaseline(baseline.config, path, SILENT_LOGGER);
      expect(kept.baseline.explain(ANA, PLC, now())).toEqual(baseline.explain(ANA, PLC, now()));
      await kept.stop();
      writeFileSync(path, `${readFileSync(path, 'utf8')}nonsense\n`);
      const errors: string[] = [];
      const log: Logger = { ...SILENT_LOGGER, error: (_details, message) => errors.push(message) };
      const anew = new KeptBaseline(baseline.config, path, log);
      expect(anew.baseline.size).toBe(0);
      expect(errors).toHaveLength(1);
      await anew.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has a bound, whoever and whatever comes', () => {
    const { baseline, does } = learning({ maxProfiles: 10 });
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < 40; j++) does([operation(`user${i}@example.org`, 'read', { name: `field${i * j}` })]);
    }
    expect(baseline.size).toBe(10);
    for (let i = 0; i < 2000; i++) {
      does([
        operation(ANA, 'write', {
          function: 6,
          name: `n${i}`,
          address: i * 3,
          lastAddress: i * 3,
          table: `t${i % 100}`,
        }),
      ]);
    }
    const [profile] = baseline.stored().profiles.slice(-1);
    expect(profile?.kinds.length).toBe(512);
    expect(profile?.ranges.length).toBe(32);
    expect(profile?.raised.length).toBeLessThanOrEqual(10);
  });
});

it('ranges cover all that was put into them, in order, and no more than there may be', () => {
  const range = fc.tuple(fc.nat(65_535), fc.nat(200)).map(([from, length]): AddressRange => [from, from + length]);
  fc.assert(
    fc.property(fc.array(range, { maxLength: 200 }), (added) => {
      let ranges: readonly AddressRange[] = [];
      for (const one of added) ranges = withRange(ranges, one);
      for (const one of added) expect(covers(ranges, one)).toBe(true);
      expect(ranges.length).toBeLessThanOrEqual(MAX_RANGES);
      for (const [i, [first]] of ranges.entries())
        if (i > 0) expect(first).toBeGreaterThan((ranges[i - 1]?.[1] ?? 0) + 1);
    }),
  );
});

describe('policies', () => {
  it('may follow what is unusual, and whoever listens is told with the packet', () => {
    let now = Date.parse('2026-11-01T10:00:00Z');
    const guard = new Guard({
      facts: NO_FACTS,
      enforcer: 'router',
      clock: () => new Date(now),
      newId: () => 'x',
      baseline: new Baseline(baselineConfigSchema.parse({ learnDays: 1, learnOperations: 2 })),
    });
    guard.use(
      compileBundle(
        new Map([
          ['entities.yaml', `things: { ${PLC}: { owner: ${ANA} } }`],
          [
            'own.cedar',
            '@obligation("quarantine") @for("1h") forbid(principal, action in Action::"control", resource) when { context.isReplay };\n' +
              'forbid(principal, action in Action::"control", resource) when { context.isFirstSeen };',
          ],
        ]),
      ),
    );
    const decisions: GuardDecision[] = [];
    guard.onDecision((decision) => decisions.push(decision));
    const set = (name: string, stanzaId: string) =>
      (
        guard.decide([operation(ANA, 'set', { protocol: 'control', name, text: '1' })], {
          stanzaId,
          packet: () => `<set name='${name}'/>`,
        }) as GuardDecision
      ).outcome;
    expect([set('Speed', 'a'), set('Speed', 'b')]).toEqual(['permit', 'permit']);
    now += 2 * DAY;
    expect(set('Speed', 'c')).toBe('permit');
    expect(set('Valve', 'd')).toBe('deny');
    expect(decisions.at(-1)).toMatchObject({ unusual: [{ signal: 'firstSeen', principal: ANA, thing: PLC }] });
    expect(decisions.at(-1)?.packet?.()).toBe("<set name='Valve'/>");
    expect(set('Speed', 'c')).toBe('quarantine');
  });
});
