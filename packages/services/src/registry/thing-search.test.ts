import { type MetaTag, registerThing, type SearchOperator, searchThings } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { registryMigrations } from './migrations.ts';
import { RegistryService } from './registry-service.ts';
import type { RegistryTables } from './tables.ts';

const REGISTRY = Jid.parse('registry.localhost');
const THINGS = 300;

/** Words that share prefixes, suffixes and inner runs, and have what masks must not take for their own. */
const TEXTS = [
  '',
  'a',
  'A',
  'ab',
  'abc',
  'abcd',
  'xabc',
  'xabcx',
  'b',
  '*',
  '%',
  'a%c',
  'a*c',
  'a_c',
  'é',
  'éab',
  '[a]',
  '\\',
  '\u{10ffff}',
  'a\u{10ffff}',
  'a"b"c',
  '퟿z',
];
const NUMBERS = [-1e9, -1, -0.5, 0, 0.5, 1, 1.5, 2, 1e9];

const things: MetaTag[][] = Array.from({ length: THINGS }, (_, i) => [
  { name: 'NAME', type: 'str', value: `thing ${i}` },
  // An empty string is a tag that is not there.
  { name: 'A', type: 'str', value: TEXTS[(i * 7) % TEXTS.length] ?? '' },
  ...(i % 3 === 0 ? [] : [{ name: 'B', type: 'str', value: TEXTS[(i * 5) % TEXTS.length] ?? '' } as const]),
  i % 4 === 0
    ? { name: 'V', type: 'str', value: '1' }
    : { name: 'V', type: 'num', value: NUMBERS[i % NUMBERS.length] ?? 0 },
]);

let database: Kysely<RegistryTables>;
let registry: RegistryService;
let curious: MemoryPeer;

beforeAll(async () => {
  const network = new MemoryNetwork();
  database = await memoryDatabase<RegistryTables>(registryMigrations);
  const limits = { thingsPerJid: THINGS, foundThings: 7 };
  registry = new RegistryService({ peer: network.peer('registry.localhost'), database, limits });
  await registry.start();
  const rack = network.peer('rack@localhost/x');
  for (const [i, tags] of things.entries()) {
    await registerThing(rack, REGISTRY, { node: { nodeId: String(i) }, tags, selfOwned: true });
  }
  curious = network.peer('curious@localhost/x');
});
afterAll(async () => {
  await registry.stop();
  await database.destroy();
});

const order = (a: string | number, b: string | number) =>
  typeof a === 'number' && typeof b === 'number'
    ? a - b
    : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));

/** What XEP-0347 §3.15 says of one tag, word by word. */
function holds(operator: SearchOperator, tags: readonly MetaTag[]): boolean {
  const kind = operator.operator.startsWith('str') ? 'str' : 'num';
  const tag = tags.find(({ name, type, value }) => name === operator.name && type === kind && value !== '');
  if (!tag) return false;
  if (operator.operator === 'strMask') {
    const pattern = operator.value.split(operator.wildcard).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${pattern.join('.*')}$`, 'su').test(String(tag.value));
  }
  if ('value' in operator) {
    const difference = order(tag.value, operator.value);
    const by = {
      Eq: difference === 0,
      NEq: difference !== 0,
      Gt: difference > 0,
      GtEq: difference >= 0,
      Lt: difference < 0,
      LtEq: difference <= 0,
    };
    return by[operator.operator.slice(3) as keyof typeof by];
  }
  const { min, minIncluded = true, max, maxIncluded = true } = operator;
  const inside =
    (minIncluded ? order(tag.value, min) >= 0 : order(tag.value, min) > 0) &&
    (maxIncluded ? order(tag.value, max) <= 0 : order(tag.value, max) < 0);
  return operator.operator.endsWith('NRange') ? !inside : inside;
}

const text = fc.constantFrom(...TEXTS);
const number = fc.constantFrom(...NUMBERS, 0.7);
const range = <T>(value: fc.Arbitrary<T>) => ({
  min: value,
  max: value,
  minIncluded: fc.boolean(),
  maxIncluded: fc.boolean(),
});
const name = fc.constantFrom('A', 'B', 'V', 'NONE');
const mask = fc
  .array(fc.oneof(fc.constant('*'), fc.constantFrom('a', 'b', 'c', 'abc', 'bcd', 'xab', '%', '"b"', 'é', '[')), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join(''));
const operator: fc.Arbitrary<SearchOperator> = fc.oneof(
  fc.record({
    operator: fc.constantFrom('strEq', 'strNEq', 'strGt', 'strGtEq', 'strLt', 'strLtEq'),
    name,
    value: text,
  }),
  fc.record({
    operator: fc.constantFrom('numEq', 'numNEq', 'numGt', 'numGtEq', 'numLt', 'numLtEq'),
    name,
    value: number,
  }),
  fc.record({ operator: fc.constantFrom('strRange', 'strNRange'), name, ...range(text) }),
  fc.record({ operator: fc.constantFrom('numRange', 'numNRange'), name, ...range(number) }),
  fc.record({ operator: fc.constant('strMask'), name, value: mask, wildcard: fc.constant('*') }),
  fc.record({ operator: fc.constant('strMask'), name, value: mask, wildcard: fc.constantFrom('%', 'b', 'ab') }),
) as fc.Arbitrary<SearchOperator>;

async function everything(operators: readonly SearchOperator[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (;;) {
    const page = await searchThings(curious, REGISTRY, operators, { offset: found.length });
    found.push(...page.things.map(({ node }) => node?.nodeId ?? ''));
    if (!page.more) return found;
    expect(page.things).toHaveLength(7);
  }
}

test('searches find, page by page, each Thing once for which all operators hold, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operator, { minLength: 1, maxLength: 3 }), async (operators) => {
      const expected = things.flatMap((tags, i) => (operators.every((each) => holds(each, tags)) ? [String(i)] : []));
      expect([...(await everything(operators))].sort()).toEqual(expected.sort());
    }),
    { numRuns: 120 },
  );
}, 60_000);
