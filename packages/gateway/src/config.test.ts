import { readFileSync } from 'node:fs';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { gatewayConfigSchema } from './config.ts';

const account = { jid: 'plc@example.org', password: 'secret' };
const level = { name: 'Level', table: 'input-register', address: 0, type: 'uint16' };
const modbusThing = (modbus: object, rest: object = {}) => ({
  driver: 'modbus-tcp',
  account,
  name: 'Tank',
  modbus: { host: '127.0.0.1', points: [level], ...modbus },
  ...rest,
});
const host = (rest: object = {}) => ({ driver: 'direct-io', account, name: 'Host', ...rest });
const config = (things: unknown, rest: object = {}) => ({ server: { domain: 'example.org' }, things, ...rest });
const withPoint = (point: object) => config([modbusThing({ points: [{ ...level, ...point }] })]);

/** What is wrong: path and message of each issue. */
function issues(input: unknown): string[] {
  const { error } = gatewayConfigSchema.safeParse(input);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly errors?: readonly (readonly Issue[])[];
}

/** All that is said of issues, also of those of the members of a union. */
function texts(all: readonly unknown[], before: readonly PropertyKey[] = []): string {
  return (all as readonly Issue[])
    .map(({ path, message, errors = [] }) => {
      const at = [...before, ...path];
      return [`${at.join('.')}: ${message}`, ...errors.map((nested) => texts(nested, at))].join('\n');
    })
    .join('\n');
}

describe('the configuration', () => {
  it('has a default for everything that can do without', () => {
    const parsed = gatewayConfigSchema.parse(
      config([host(), modbusThing({}, { account: { ...account, jid: 'b@c' } })]),
    );
    expect(parsed).toMatchObject({
      server: { domain: Jid.parse('example.org'), find: undefined, trustOnFirstUse: false, exi: true },
      dataDir: './gateway-data',
      outbox: { maxReadings: 1_000_000 },
      things: [
        {
          pollMs: 1000,
          tags: {},
          friends: [],
          directIo: { load: true, memory: true, disk: ['/'], temperatures: true },
        },
        {
          modbus: {
            port: 502,
            unit: 1,
            timeoutMs: 1000,
            maxInFlight: 1,
            maxGapRegisters: 8,
            maxGapBits: 64,
            pollGroups: { default: 1000 },
            points: [{ byteOrder: 'big', wordOrder: 'big', scale: 1, offset: 0, unit: '', types: ['momentary'] }],
          },
        },
      ],
    });
    expect(parsed.registry).toBeUndefined();
  });

  it('knows the interfaces of the document', () => {
    expect(issues(config([host({ interfaces: ['XMPP.IoT.Sensor.Temperature.Max', 'Example.Own'] })]))).toEqual([]);
    expect(issues(config([host({ interfaces: ['XMPP.IoT.Sensor.Warmth'] })]))).toEqual([
      'things.0.interfaces.0: there is no interface XMPP.IoT.Sensor.Warmth in XEP-0000: Interoperability',
    ]);
  });

  it('is what the example has', () => {
    const example = readFileSync(new URL('../gateway.example.yaml', import.meta.url), 'utf8');
    expect(issues(parse(example))).toEqual([]);
  });

  it('takes a coil without a type for a bool, services of other names, and none', () => {
    const parsed = gatewayConfigSchema.parse(
      config([modbusThing({ points: [{ name: 'Pump', table: 'coil', address: 1, writable: {} }] })], {
        registry: 'none',
        history: 'past.example.org',
      }),
    );
    expect(parsed.things[0]).toMatchObject({ modbus: { points: [{ type: 'bool' }] } });
    expect(parsed.registry).toBe('none');
    expect(String(parsed.history)).toBe('past.example.org');
  });

  it('has the same settings for all Things of an outstation', () => {
    const substation = (node: string, dnp3: object) => ({
      account,
      driver: 'dnp3-tcp',
      name: node,
      node: { nodeId: node },
      dnp3: { host: '192.0.2.1', points: [{ name: 'A', kind: 'binary', index: 0 }], ...dnp3 },
    });
    expect(issues(config([substation('a', {}), substation('b', { pollMs: 500 })]))).toEqual([]);
    expect(issues(config([substation('a', {}), substation('b', { outstation: 11, timeoutMs: 100 })]))).toEqual([]);
    expect(issues(config([substation('a', {}), substation('b', { timeoutMs: 100 })]))).toEqual([
      'things.1.dnp3.timeoutMs: things[0] shares the connection and has another value',
    ]);
  });

  it.each([
    ['no password', config([host({ account: { jid: account.jid } })]), /^things\.0\.account: .*exactly one/],
    ['two passwords', config([host({ account: { ...account, passwordFile: 'p' } })]), /^things\.0\.account: .*exactly/],
    ['no Things', config([]), /^things: /],
    ['an unknown driver', config([host({ driver: 'bacnet' })]), /^things\.0\.driver: /],
    ['an account twice', config([host(), modbusThing({})]), /^things\.1\.account: things\[0\] has the same address/],
    [
      'a node twice',
      config([host({ node: { nodeId: 'a' } }), host({ node: { nodeId: 'a' } })]),
      /^things\.1\.node: things\[0\] has the same address/,
    ],
    [
      'two passwords for one account',
      config([
        host({ node: { nodeId: 'a' } }),
        host({ node: { nodeId: 'b' }, account: { ...account, password: 'x' } }),
      ]),
      /^things\.1\.account: things\[0\] signs in to the same account in another way/,
    ],
    [
      'what is no fingerprint',
      config([host()], { server: { domain: 'example.org', fingerprint: 'z'.repeat(64) } }),
      /^server\.fingerprint: a SHA-256 fingerprint/,
    ],
    [
      'two opinions about one connection',
      config([modbusThing({}, { node: { nodeId: 'a' } }), modbusThing({ unit: 2, maxInFlight: 4 })]),
      /^things\.1\.modbus\.maxInFlight: things\[0\] shares the connection to 127\.0\.0\.1:502 and has 1/,
    ],
    ['an account without a name', config([host({ account: { ...account, jid: 'example.org' } })]), /account\.jid: .*"/],
    ['a full JID', config([host({ account: { ...account, jid: 'a@b/c' } })]), /^things\.0\.account\.jid: expected/],
    ['what is no JID', config([host({ account: { ...account, jid: '@' } })]), /^things\.0\.account\.jid: expected/],
    ['a friend that is no JID', config([host({ friends: ['a@b', 'a b@'] })]), /^things\.0\.friends\.1: expected/],
    ['a domain with an account', config([host()], { server: { domain: 'a@b' } }), /^server\.domain: expected/],
    ['a service with a resource', config([host()], { registry: 'a.b/c' }), /^registry: /],
    ['port 0', config([host()], { server: { domain: 'a', port: 0 } }), /^server\.port: /],
    ['an outbox for nothing', config([host()], { outbox: { maxReadings: 0 } }), /^outbox\.maxReadings: /],
    ['a colon in a tag', config([host({ tags: { 'a:b': 'c' } })]), /^things\.0\.tags\.a:b: .*/],
    ['one tag in two spellings', config([host({ tags: { lat: 1, LAT: 2 } })]), /^things\.0\.tags: two tags differ/],
    ['a mount point twice', config([host({ directIo: { disk: ['/', '/'] } })]), /^things\.0\.directIo\.disk: /],
    ['polling without a pause', config([host({ pollMs: 0 })]), /^things\.0\.pollMs: /],
    ['an unknown key', config([host()], { outBox: {} }), /^: .*"outBox"/],
    ['an unknown key of a Thing', config([host({ poolMs: 5 })]), /^things\.0: .*"poolMs"/],
    ['an unknown key of a point', withPoint({ adress: 5 }), /^things\.0\.modbus\.points\.0: .*"adress"/],
    ['no points', config([modbusThing({ points: [] })]), /^things\.0\.modbus\.points: /],
    ['unit 256', config([modbusThing({ unit: 256 })]), /^things\.0\.modbus\.unit: /],
  ])('refuses %s', (_, input, expected) => {
    expect(issues(input).join('\n')).toMatch(expected);
  });

  it.each([
    ['an unknown poll group', { pollGroup: 'fast' }, 'pollGroup: there is no poll group "fast" (there are: default)'],
    ['an inherited poll group', { pollGroup: 'toString' }, 'pollGroup: there is no poll group "toString"'],
    ['a coil of registers', { table: 'coil' }, 'type: a coil is a bool'],
    ['a register without a type', { type: undefined }, 'type: a point of the table input-register needs a type'],
    ['a string without a length', { type: 'string' }, 'length: a string needs its length in registers'],
    ['a bool in a register without its bit', { type: 'bool' }, 'bit: a bool in a register needs its bit, 0 to 15'],
    ['a writable input register', { writable: {} }, 'writable: the table input-register can only be read'],
    [
      'a range upside down',
      { table: 'holding-register', writable: { min: 2, max: 1 } },
      'writable: min is greater than max',
    ],
    ['a scale of 0', { scale: 0 }, 'scale: a scale of 0 makes every value 0'],
    ['an address past the table', { address: 65536 }, 'address: '],
    ['a value past the table', { address: 65535, type: 'float32' }, 'address: its last register would be 65536'],
    [
      'a writable string that no request can carry',
      { table: 'holding-register', type: 'string', length: 124, writable: {} },
      'writable: at most 123 registers',
    ],
    ['the name of the connection', { name: 'Connected' }, 'name: "Connected" is the field'],
    ['bit 16', { type: 'bool', bit: 16 }, 'bit: '],
  ])('refuses %s', (_, point, expected) => {
    expect(issues(withPoint(point)).join('\n')).toContain(`things.0.modbus.points.0.${expected}`);
  });

  describe('of what is published', () => {
    const publishing = (publish: unknown, rest: object = {}) => config([host({ publish, ...rest })]);
    const parsed = (publish: unknown) => gatewayConfigSchema.parse(publishing(publish)).things[0]?.publish;

    it('is nothing, one node with all defaults, one, or several', () => {
      const byDefault = {
        pep: false,
        fields: [],
        types: ['momentary', 'status', 'computed', 'peak'],
        minIntervalMs: 1000,
        changes: {},
        batchMs: 0,
        maxItems: 100,
        access: 'readers',
      };
      expect(parsed(undefined)).toEqual([]);
      expect(parsed(false)).toEqual([]);
      expect(parsed(true)).toEqual([byDefault]);
      expect(parsed({ pep: true, access: { rosterGroups: ['plant'] } })).toEqual([
        { ...byDefault, pep: true, access: { rosterGroups: ['plant'] } },
      ]);
      const two = [{ node: 'a', changes: { Level: 0.5, '*': { up: 1 } } }, { service: 'pubsub.other.org' }];
      expect(parsed(two)).toMatchObject([
        { node: 'a', changes: { Level: 0.5, '*': { up: 1 } } },
        { access: 'readers' },
      ]);
      expect(String((parsed(two) as readonly { service?: unknown }[])[1]?.service)).toBe('pubsub.other.org');
    });

    it.each([
      ['a service and the own account', { pep: true, service: 'pubsub.example.org' }, 'publish.pep: service and pep'],
      ['a service with a resource', { service: 'a.b/c' }, 'publish.service: expected the address of a service'],
      ['a kind of field that is none', { types: ['now'] }, 'publish.types.0: '],
      ['a node without a name', { node: '' }, 'publish.node: '],
      ['a node with a line feed', { node: 'a\nb' }, 'publish.node: a node has no control characters'],
      ['a title that is too long', { title: 'x'.repeat(257) }, 'publish.title: '],
      ['a change by nothing', { changes: { Level: 0 } }, 'publish.changes.Level'],
      ['a change that says nothing', { changes: { Level: {} } }, 'expected at least one of by, up and down'],
      ['an interval of less than nothing', { minIntervalMs: -1 }, 'publish.minIntervalMs: '],
      ['a batch of more than a day', { batchMs: 86_400_001 }, 'publish.batchMs: '],
      ['items for nobody', { maxItems: 0 }, 'publish.maxItems: '],
      ['items that expire at once', { expireSeconds: 0 }, 'publish.expireSeconds: '],
      ['access that is none', { access: 'open' }, 'publish.access'],
      ['no groups', { access: { rosterGroups: [] } }, 'publish.access.rosterGroups'],
      ['an unknown key', { maxItem: 1 }, '"maxItem"'],
    ])('refuses %s', (_, publish, expected) => {
      const found = gatewayConfigSchema.safeParse(publishing(publish)).error;
      // A union tells of each of its members: what was meant is among them.
      expect(JSON.stringify(found?.issues).length).toBeGreaterThan(2);
      expect(texts(found?.issues ?? [])).toContain(expected);
    });

    it('refuses a node twice, of one Thing or of two', () => {
      const twice = 'publishes to sensordata/plc@example.org at pubsub.example.org, too';
      expect(issues(publishing([{}, { fields: ['Level'] }]))).toEqual([`things.0.publish: things[0] ${twice}`]);
      const other = host({ node: { nodeId: 'a' }, publish: { node: 'sensordata/plc@example.org' } });
      expect(issues(config([host({ publish: true }), other]))).toEqual([`things.1.publish: things[0] ${twice}`]);
      expect(issues(config([host({ publish: true }), host({ node: { nodeId: 'a' }, publish: true })]))).toEqual([]);
    });

    it('refuses more nodes than ten', () => {
      const nodes = Array.from({ length: 11 }, (_, i) => ({ node: `n${i}` }));
      expect(issues(publishing(nodes))).not.toEqual([]);
      expect(issues(publishing(nodes.slice(1)))).toEqual([]);
    });
  });

  it('refuses two points of one name', () => {
    expect(issues(config([modbusThing({ points: [level, { ...level, address: 1 }] })]))).toEqual([
      'things.0.modbus.points.1.name: two points are named "Level"',
    ]);
  });

  it('whatever comes, it is refused with an issue, not an exception', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (thing, rest) => {
        expect(issues(config([thing]))).not.toEqual([]);
        expect(issues(rest)).not.toEqual([]);
      }),
    );
  });
});
