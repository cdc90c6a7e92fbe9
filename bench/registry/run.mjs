// How fast a Thing Registry of many Things searches, registers and lets claim, on SQLite and, where THINGWARD_BENCH_POSTGRES is the address
// of an empty PostgreSQL database, on that. Needs the build.
// Options: --things N (1,000,000), --searches N (of each kind, 200), --seconds N (of registering and claiming, 5), --no-sqlite,
// --made (the Things are in the PostgreSQL database already, from a run before), --keep FILE (the SQLite database, which is kept; where it
// is there already, from a run before, nothing is made, registered or claimed), --match REGEX (only searches with such titles).

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '@thingward/server';
import { RegistryService, registryMigrations } from '@thingward/services';
import { encodeMine, encodeRegister, encodeSearch } from '@thingward/things';
import { encodeUtf8, parseElement } from '@thingward/xml';
import { iq, Jid, StanzaDispatcher } from '@thingward/xmpp';
import { makeThings } from './many-things.mjs';
import { searches } from './searches.mjs';

const { values: options } = parseArgs({
  options: {
    things: { type: 'string', default: '1000000' },
    searches: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '5' },
    sqlite: { type: 'boolean', default: true },
    made: { type: 'boolean', default: false },
    keep: { type: 'string' },
    match: { type: 'string', default: '' },
  },
  allowNegative: true,
});
const things = Number(options.things);
const repetitions = Number(options.searches);
const limitMs = Number(options.seconds) * 1000;
const TARGET_MS = 50;
const REGISTRY = Jid.parse('registry.localhost');

/** The registry's end of the wire. */
class BenchPeer extends StanzaDispatcher {
  jid = REGISTRY;
  waiting = new Map();

  constructor() {
    super((error) => {
      throw error;
    });
  }

  transmit(stanza) {
    const type = stanza.attribute('type');
    // A Thing that acknowledges at once.
    if (type === 'set') {
      const answer = iq('result', {
        id: stanza.attribute('id'),
        from: Jid.parse(stanza.attribute('to')),
        to: REGISTRY,
      });
      setImmediate(() => this.dispatch(answer));
      return;
    }
    const id = stanza.attribute('id');
    this.waiting.get(id)?.(stanza);
    this.waiting.delete(id);
  }

  /** Hands over a request as bytes and waits for its answer. */
  async ask(type, from, payload) {
    const id = `b${++this.asked}`;
    const bytes = encodeUtf8(iq(type, { id, from: Jid.parse(from), to: REGISTRY }, payload).toString());
    const answer = await new Promise((resolve) => {
      this.waiting.set(id, resolve);
      void this.dispatch(parseElement(bytes));
    });
    return answer;
  }

  asked = 0;
}

const percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
const ms = (value) => value.toFixed(1).padStart(8);

async function measureSearches(peer) {
  console.log(`${'search'.padEnd(34)}  p50 ms   p99 ms   max ms  CPU p99  found a search`);
  let worst = 0;
  for (const [title, next] of Object.entries(searches(things))) {
    if (!new RegExp(options.match).test(title)) continue;
    const wall = [];
    const cpu = [];
    let found = 0;
    let refused = 0;
    for (let i = 0; i < repetitions; i++) {
      const search = encodeSearch({ operators: next(), offset: i % 10 === 9 ? 500 : 0, maxCount: 20 });
      const before = process.cpuUsage();
      const started = performance.now();
      const answer = await peer.ask('get', 'curious@localhost/x', search);
      wall.push(performance.now() - started);
      const { user, system } = process.cpuUsage(before);
      cpu.push((user + system) / 1000);
      if (answer.attribute('type') === 'error') refused++;
      found += answer.elements[0]?.childrenNamed('thing').length ?? 0;
    }
    wall.sort((a, b) => a - b);
    cpu.sort((a, b) => a - b);
    const p99 = percentile(wall, 0.99);
    worst = Math.max(worst, p99);
    const note = refused > 0 ? `, ${refused} of ${repetitions} refused as too wide` : '';
    console.log(
      `${title.padEnd(34)}${ms(percentile(wall, 0.5))} ${ms(p99)} ${ms(wall.at(-1))} ${ms(percentile(cpu, 0.99))}  ${(found / repetitions).toFixed(1)}${note}`,
    );
  }
  console.log(`worst p99: ${worst.toFixed(1)} ms (${worst <= TARGET_MS ? 'within' : 'beyond'} ${TARGET_MS} ms)`);
}

const tagsOf = (i) => [
  { name: 'SN', type: 'str', value: `new ${i}` },
  { name: 'MAN', type: 'str', value: 'www.maker1.example' },
  { name: 'MODEL', type: 'str', value: 'M1' },
  { name: 'V', type: 'num', value: 1.2 },
  { name: 'KEY', type: 'str', value: `key of ${i}` },
];

/** Does `work` for each number, so many at a time, until the time is over; gives how many were done. */
async function atATime(width, mostMs, most, work) {
  const until = performance.now() + mostMs;
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (performance.now() < until && next < most) await work(next++);
    }),
  );
  return next;
}

async function measureWrites(peer) {
  const ok = (answer) => {
    if (answer.attribute('type') !== 'result') throw new Error(answer.toString());
  };
  let base = 0;
  for (const width of [1, 32]) {
    const rate = async (title, most, work) => {
      const started = performance.now();
      const before = process.cpuUsage();
      const done = await atATime(width, limitMs, most, work);
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(before);
      console.log(
        `${title}, ${width} at a time: ${(done / seconds).toFixed(0)} a second (${((user + system) / 1000 / done).toFixed(2)} ms of CPU each)`,
      );
      return done;
    };
    const first = base;
    const registered = await rate('registrations', Number.POSITIVE_INFINITY, async (i) =>
      ok(
        await peer.ask(
          'set',
          `new${first + i}@localhost/x`,
          encodeRegister({ tags: tagsOf(first + i), selfOwned: false }),
        ),
      ),
    );
    await rate('claims', registered, async (i) =>
      ok(await peer.ask('set', `buyer${i}@localhost/x`, encodeMine({ tags: tagsOf(first + i), public: true }))),
    );
    base += registered;
  }
}

async function measure(title, place, sqlite, isMade) {
  console.log(`\n${title}`);
  const { query: database, close } = await openDatabase(place, registryMigrations, { connections: 10 });
  const started = performance.now();
  if (!isMade) await makeThings(database, things, sqlite);
  const size = sqlite ? `, ${(statSync(place).size / 2 ** 20).toFixed(0)} MiB` : '';
  console.log(`${things} Things made in ${((performance.now() - started) / 1000).toFixed(0)} s${size}`);
  const peer = new BenchPeer();
  const registry = new RegistryService({ peer, database });
  await registry.start();
  await measureSearches(peer);
  // Who is registered and claimed already is not so anew.
  if (!isMade) await measureWrites(peer);
  await registry.stop();
  await close();
}

if (options.sqlite && options.keep !== undefined) await measure('SQLite', options.keep, true, existsSync(options.keep));
else if (options.sqlite) {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-bench-'));
  try {
    await measure('SQLite', join(directory, 'registry.db'), true, false);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
const postgres = process.env.THINGWARD_BENCH_POSTGRES;
if (postgres) await measure('PostgreSQL', postgres, false, options.made);
else console.log('\nPostgreSQL: skipped, THINGWARD_BENCH_POSTGRES names no database');
