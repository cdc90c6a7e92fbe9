import type { FoundThing, SearchOperator } from '@thingward/things';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { isSqlite } from '../dialect.ts';
import { registryMigrations } from './migrations.ts';
import { storedTags } from './stored-tags.ts';
import type { RegistryTables } from './tables.ts';
import { findPublicThings } from './thing-search.ts';

const THINGS = 12_000;
const PAGE = 7;
const ENOUGH = 1_000_000;

/** Tags that thousands share, two of which exclude each other. */
interface Tags {
  readonly CLASS: string;
  readonly AREA: string;
  readonly PHASE: number;
  readonly LAT: number;
  /** Not all have one. */
  readonly ROOM?: string;
}

const tagsOf = (i: number): Tags => ({
  CLASS: `Class ${i % 3}`,
  AREA: i <= THINGS / 2 ? 'East' : 'West',
  PHASE: i <= THINGS / 2 ? 3 : 1,
  LAT: (i * 7919) % 180,
  ...(i % 4 === 0 ? {} : { ROOM: `r${i % 50}` }),
});
const all = Array.from({ length: THINGS }, (_, i) => tagsOf(i + 1));

let database: Kysely<RegistryTables>;

beforeAll(async () => {
  database = await memoryDatabase<RegistryTables>(registryMigrations);
  const place = { source_id: '', cache_type: '', full_jid: 'rack@localhost/x', owner: 'rack@localhost', is_public: 1 };
  await inChunks(all, (tags, i) => ({
    table: 'registry_things',
    row: { id: i + 1, jid: 'rack@localhost', node_id: `${i + 1}`, ...place, tags: storedTags(listed(tags)) },
  }));
  for (const kind of ['string', 'number'] as const) {
    const rows = all.flatMap((tags, i) =>
      Object.entries(tags).flatMap(([name, value]) =>
        typeof value === kind ? [{ name, value, thing_id: i + 1 }] : [],
      ),
    );
    const table = kind === 'string' ? 'registry_text_tags' : 'registry_number_tags';
    await inChunks(rows, (row) => ({ table, row }));
  }
  if (!isSqlite(database)) return;
  await sql`insert into registry_tag_values (name, value)
    select distinct name, value from registry_text_tags where length(value) >= 3`.execute(database);
  await sql`insert into registry_trigrams (rowid, value) select id, value from registry_tag_values`.execute(database);
}, 120_000);
afterAll(() => database.destroy());

const listed = (tags: Tags) =>
  Object.entries(tags).map(([name, value]) =>
    typeof value === 'number' ? ({ name, type: 'num', value } as const) : ({ name, type: 'str', value } as const),
  );

async function inChunks<T>(items: readonly T[], of: (item: T, i: number) => { table: string; row: object }) {
  for (let i = 0; i < items.length; i += 80) {
    const chunk = items.slice(i, i + 80).map((item, j) => of(item, i + j));
    await database
      .insertInto(chunk[0]?.table as 'registry_things')
      .values(chunk.map(({ row }) => row) as never)
      .execute();
  }
}

const numberOf = ({ node }: FoundThing) => Number(node?.nodeId);

async function pages(operators: readonly SearchOperator[], most: number, maxTags = ENOUGH): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < most) {
    const page = await findPublicThings(database, { operators, offset: found.length }, PAGE, maxTags);
    found.push(...page.map(numberOf));
    if (page.length < PAGE) break;
  }
  return found;
}

const eq = (name: string, value: string | number): SearchOperator =>
  typeof value === 'number' ? { operator: 'numEq', name, value } : { operator: 'strEq', name, value };
const between = (name: string, min: number, max: number): SearchOperator => ({ operator: 'numRange', name, min, max });
const has = (test: (tags: Tags) => boolean) => all.flatMap((tags, i) => (test(tags) ? [i + 1] : []));

it.each<[title: string, operators: readonly SearchOperator[], expected: (tags: Tags) => boolean]>([
  [
    'that many meet together',
    [eq('CLASS', 'Class 1'), eq('AREA', 'East')],
    (t) => t.CLASS === 'Class 1' && t.AREA === 'East',
  ],
  [
    'that are each wide and exclude each other',
    [eq('AREA', 'East'), eq('PHASE', 1), between('LAT', 0, 120)],
    () => false,
  ],
  [
    'of which nearly all meet one',
    [eq('CLASS', 'Class 2'), { operator: 'strNEq', name: 'ROOM', value: 'r1' }, between('LAT', 0, 2)],
    (t) => t.CLASS === 'Class 2' && t.ROOM !== undefined && t.ROOM !== 'r1' && t.LAT <= 2,
  ],
  [
    'of one tag by two comparisons',
    [
      { operator: 'numGtEq', name: 'LAT', value: 90 },
      { operator: 'numLtEq', name: 'LAT', value: 91 },
      eq('AREA', 'West'),
    ],
    (t) => t.LAT >= 90 && t.LAT <= 91 && t.AREA === 'West',
  ],
  [
    'of one tag that leave nothing',
    [
      { operator: 'strLt', name: 'CLASS', value: 'Class 1' },
      { operator: 'strGt', name: 'CLASS', value: 'Class 1' },
    ],
    () => false,
  ],
  [
    'of one tag, twice not',
    [
      { operator: 'strNEq', name: 'CLASS', value: 'Class 1' },
      { operator: 'strNEq', name: 'CLASS', value: 'Class 2' },
      { operator: 'numNRange', name: 'LAT', min: 3, max: 180 },
    ],
    (t) => t.CLASS === 'Class 0' && t.LAT < 3,
  ],
  [
    'with masks',
    [
      { operator: 'strMask', name: 'CLASS', value: '*ass 1', wildcard: '*' },
      { operator: 'strMask', name: 'ROOM', value: 'r*1', wildcard: '*' },
    ],
    (t) => t.CLASS === 'Class 1' && /^r.*1$/.test(t.ROOM ?? ''),
  ],
  [
    'with a mask that is wide',
    [{ operator: 'strMask', name: 'CLASS', value: '*las*', wildcard: '*' }, eq('PHASE', 1), between('LAT', 5, 9)],
    (t) => t.PHASE === 1 && t.LAT >= 5 && t.LAT <= 9,
  ],
])('conditions %s find each Thing once, page by page', async (_, operators, expected) => {
  const wanted = has(expected);
  const most = 300;
  const found = await pages(operators, most);
  expect(new Set(found).size).toBe(found.length);
  expect(found.filter((i) => !expected(all[i - 1] as Tags))).toEqual([]);
  expect(found.length).toBeGreaterThanOrEqual(Math.min(most, wanted.length));
  if (wanted.length < most) expect([...found].sort((a, b) => a - b)).toEqual(wanted);
});

it('gives the same order near the beginning and far on, however it goes there', async () => {
  const operators = [eq('CLASS', 'Class 1'), eq('AREA', 'West'), between('LAT', 0, 100)];
  const wanted = has((t) => t.CLASS === 'Class 1' && t.AREA === 'West' && t.LAT <= 100);
  const atOnce = (await findPublicThings(database, { operators, offset: 0 }, wanted.length + 1, ENOUGH)).map(numberOf);
  expect([...atOnce].sort((a, b) => a - b)).toEqual(wanted);
  for (const offset of [0, 3, 100, 500, wanted.length - 2]) {
    const page = await findPublicThings(database, { operators, offset }, PAGE, ENOUGH);
    expect(page.map(numberOf)).toEqual(atOnce.slice(offset, offset + PAGE));
  }
});

it('what would cost too much is refused, never answered in part', async () => {
  const exclusive = [eq('AREA', 'East'), eq('PHASE', 1)];
  expect(await pages(exclusive, PAGE)).toEqual([]);
  await expect(pages(exclusive, PAGE, THINGS / 4)).rejects.toMatchObject({ condition: 'not-acceptable' });
  await expect(pages(exclusive, PAGE, 15_000)).rejects.toMatchObject({ condition: 'not-acceptable' });
  // Of what many meet, the first are found all the same.
  expect(await pages([eq('AREA', 'East'), eq('PHASE', 3)], PAGE, 11_000)).toHaveLength(PAGE);
});
