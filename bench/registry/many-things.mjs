import { sql } from 'kysely';

export const MANUFACTURERS = 200;
export const MODELS = 500;
export const CITIES = 2000;
export const COUNTRIES = 50;
export const CLASSES = 10;

/** Things of the n-th kind each: what its tags are is said once, in words both databases have. */
const TAGS = {
  text: {
    SN: (sn) => sn,
    NAME: (sn) => `'Meter ' || ${sn} || ' in hall ' || (i % 977)`,
    MAN: () => `'www.maker' || (i % ${MANUFACTURERS}) || '.example'`,
    MODEL: () => `'M' || (i % ${MODELS})`,
    CITY: () => `'City ' || (i % ${CITIES})`,
    COUNTRY: () => `'Country ' || (i % ${COUNTRIES})`,
    CLASS: () => `'Class ' || (i % ${CLASSES})`,
    // Half of the Things, and PHASE says the same of them in other words.
    AREA: (_, count) => `case when i <= ${count / 2} then 'East' else 'West' end`,
  },
  number: {
    V: () => '((i % 90) + 10) / 10.0',
    // Two steps that have nothing in common with each other, or with the counts above.
    LAT: () => '((i * 7919) % 180000) / 1000.0 - 90',
    LON: () => '((i * 104729) % 360000) / 1000.0 - 180',
    PHASE: (_, count) => `case when i <= ${count / 2} then 3 else 1 end`,
  },
};

/** The serial number of the n-th Thing: twelve digits that look like chance. */
export function serialOf(i) {
  return String((i * 618_033_989 + 123_456_789) % 1_000_000_000_000).padStart(12, '0');
}

/**
 * Makes so many claimed, public Things: rows as `register` and `mine` leave them, many in one statement.
 * @param database migrated
 */
export async function makeThings(database, count, sqlite) {
  const run = (text) => sql.raw(text).execute(database);
  const number = sqlite
    ? "printf('%012d', (i * 618033989 + 123456789) % 1000000000000)"
    : "lpad(((i * 618033989 + 123456789) % 1000000000000)::text, 12, '0')";
  const series = sqlite
    ? `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})`
    : `with n as (select i from generate_series(1::bigint, ${count}) as g(i))`;
  const each = (kind) => Object.entries(TAGS[kind]).map(([name, value]) => [name, value(number, count)]);
  const pair = sqlite ? 'json_array' : 'json_build_array';
  const json = `${pair}(${[...each('text'), ...each('number')].map(([name, value]) => `${pair}('${name}', ${value})`).join(', ')})`;
  await run(`${series} insert into registry_things
      (id, jid, node_id, source_id, cache_type, full_jid, dialect, owner, is_public, claim_digest, tags)
    select i, 'rack' || (i / 100) || '@example.org', 'n' || (i % 100), 'plant', '', 'rack' || (i / 100) || '@example.org/x', 'xep',
      'owner' || (i % 5000) || '@example.org', 1, null, ${sqlite ? json : `${json}::text`} from n`);
  for (const kind of ['text', 'number']) {
    for (const [name, value] of each(kind)) {
      await run(`${series} insert into registry_${kind}_tags (name, value, thing_id)
        select '${name}', ${value}, i from n order by 2, 3`);
    }
  }
  if (!sqlite) {
    await run("select setval(pg_get_serial_sequence('registry_things', 'id'), max(id)) from registry_things");
    await run('vacuum analyze');
    return;
  }
  await run(`insert into registry_tag_values (name, value)
    select distinct name, value from registry_text_tags where length(value) >= 3 order by 1, 2`);
  await run('insert into registry_trigrams (rowid, value) select id, value from registry_tag_values order by id');
}
