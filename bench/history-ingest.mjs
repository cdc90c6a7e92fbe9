// How many fields a second the history takes from the bytes of stanzas to disk, beside what SQLite alone does with the same values.
// Needs the build. Options: --batch N (fields in a stanza, 500), --seconds N (how long to store at most, 5).

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HistoryService, historyMigrations } from '@thingward/services';
import { encodeStore } from '@thingward/things';
import { encodeUtf8, parseElement } from '@thingward/xml';
import { iq, Jid, StanzaDispatcher } from '@thingward/xmpp';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import Database from 'libsql';

const { values: options } = parseArgs({
  options: { batch: { type: 'string', default: '500' }, seconds: { type: 'string', default: '5' } },
});
const batch = Number(options.batch);
const limitMs = Number(options.seconds) * 1000;
const TARGET = 50_000;
const FIELDS_OF_THING = 50;
const HISTORY = Jid.parse('history.localhost');
const THING = Jid.parse('plc@localhost/gateway');

/** The history's end of the wire. */
class BenchPeer extends StanzaDispatcher {
  jid = HISTORY;
  answered = () => {};

  transmit(stanza) {
    this.answered(stanza);
  }

  /** Hands over the bytes of a request and waits for its answer. */
  async ask(bytes) {
    const answer = await new Promise((resolve) => {
      this.answered = resolve;
      this.dispatch(parseElement(bytes));
    });
    if (answer.attribute('type') !== 'result') throw new Error(answer.toString());
  }
}

function makeFields(round) {
  return Array.from({ length: batch }, (_, i) => {
    const n = round * batch + i;
    return {
      name: `Field${n % FIELDS_OF_THING}`,
      value: { type: 'numeric', value: (20 + (n % 997) / 100).toFixed(2), unit: 'kW' },
      types: ['momentary'],
      qos: ['automaticReadout'],
      timestamp: new Date(Date.UTC(2026, 0, 1) + Math.floor(n / FIELDS_OF_THING) * 1000),
    };
  });
}

/** Runs `work` on what `make` gives (its time does not count) until the time is over; gives fields per second. */
async function measure(make, work) {
  let spentMs = 0;
  let rounds = 0;
  for (; spentMs < limitMs; rounds++) {
    const item = make(rounds);
    const start = performance.now();
    await work(item);
    spentMs += performance.now() - start;
  }
  return { perSecond: (rounds * batch * 1000) / spentMs, stored: rounds * batch };
}

function openDatabase(path) {
  const database = new Database(path);
  // With these a commit is on disk when it returns.
  database.exec('pragma journal_mode = wal; pragma synchronous = full');
  return database;
}

async function history(path) {
  const database = new Kysely({ dialect: new SqliteDialect({ database: openDatabase(path) }) });
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => historyMigrations } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
  const peer = new BenchPeer((problem) => console.error(problem));
  const service = new HistoryService({ peer, database });
  await service.start();
  const makeStanza = (round) =>
    encodeUtf8(iq('set', { from: THING, to: HISTORY, id: String(round) }, encodeStore(makeFields(round))).toString());
  const result = await measure(makeStanza, (stanza) => peer.ask(stanza));
  const [{ count }] = await database
    .selectFrom('history_points')
    .select(({ fn }) => fn.countAll().as('count'))
    .execute();
  if (Number(count) !== result.stored) throw new Error(`${result.stored} fields were sent, ${count} are stored`);
  await service.stop();
  await database.destroy();
  return { ...result, bytes: statSync(path).size / result.stored };
}

async function sqliteAlone(path) {
  const database = openDatabase(path);
  database.exec(
    'create table points (series integer, timestamp integer, text text, number real, primary key (series, timestamp)) without rowid',
  );
  const insert = database.prepare('insert into points values (?, ?, ?, ?) on conflict do nothing');
  const result = await measure(makeFields, (fields) => {
    database.exec('begin');
    for (const { name, value, timestamp } of fields) {
      insert.run(Number(name.slice(5)), timestamp.getTime(), value.value, Number(value.value));
    }
    database.exec('commit');
  });
  database.close();
  return result;
}

const directory = mkdtempSync(join(tmpdir(), 'thingward-bench-'));
try {
  const ours = await history(join(directory, 'history.db'));
  const bare = await sqliteAlone(join(directory, 'bare.db'));
  const print = (number) => Math.round(number).toLocaleString('en');
  console.log(`history ingest: ${print(ours.perSecond)} fields/s to disk in batches of ${batch}`);
  console.log(`  ${(ours.perSecond / TARGET).toFixed(2)} of the target of ${print(TARGET)}`);
  console.log(`  ${(ours.perSecond / bare.perSecond).toFixed(2)} of SQLite alone (${print(bare.perSecond)} rows/s)`);
  console.log(`  ${print(ours.bytes)} bytes on disk for a field`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
