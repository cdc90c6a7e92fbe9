#!/usr/bin/env node
/*
 * Mutation tests of the code that decides: each small change of it (a comparison turned round, a condition left out) must make a test fail.
 *   npm run mutation                          a sample of the code, another one each time
 *   npm run mutation -- --sample 20 --seed 7  20 places, those of this seed
 *   npm run mutation -- --all                 all of it
 *   npm run mutation -- packages/guard/src/judge.ts
 * With whole files it goes from one to the next and keeps what each came to in .stryker-tmp/scores.json; --resume leaves out those that have not
 * changed since, so a long run can be cut off and taken up again.
 *   npm run mutation -- --all --resume --concurrency 1
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What decides, or says what is to be decided; folders with all that is in them. */
export const DECIDES = [
  ...['decimal', 'guard', 'inspection', 'judge', 'minute-clock', 'named-nodes', 'redaction', 'refusal'],
  ...[
    'attribute-use',
    'compile',
    'context-attributes',
    'obligation',
    'policy-set',
    'question',
    'residual',
    'scope',
  ].map((name) => `policy/${name}`),
  'network/known-network',
]
  .map((name) => `packages/guard/src/${name}.ts`)
  .concat('packages/guard/src/inspectors', 'packages/guard/src/state');

const SCORES = join(ROOT, '.stryker-tmp', 'scores.json');
const REPORT = join(ROOT, '.stryker-tmp', 'report.json');

/** Lines of one place of a sample: whole functions, mostly. */
const PLACE_LINES = 15;

/** The files of these paths that mutants can be made of. @param paths files and folders */
export function mutatedFiles(root, paths = DECIDES) {
  return paths
    .flatMap((path) => {
      if (!statSync(join(root, path)).isDirectory()) return [path];
      return readdirSync(join(root, path), { recursive: true }).map((name) => join(path, String(name)));
    })
    .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|\/index\.ts$/.test(path))
    .sort();
}

/** Places of files, `file:first-last`, the same for the same seed. */
export function samplePlaces(root, files, count, seed) {
  const places = files.flatMap((file) => {
    const lines = readFileSync(join(root, file), 'utf8').split('\n').length;
    return Array.from({ length: Math.ceil(lines / PLACE_LINES) }, (_, i) => {
      return `${file}:${i * PLACE_LINES + 1}-${Math.min(lines, (i + 1) * PLACE_LINES)}`;
    });
  });
  const random = seeded(seed);
  const chosen = new Set();
  while (chosen.size < Math.min(count, places.length)) chosen.add(places[Math.floor(random() * places.length)]);
  return [...chosen].sort();
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What a report of Stryker says of its mutants: how many were noticed, of how many. Those that can't be compiled, or are left out, count for nothing. */
export function scoreOf({ files }) {
  const states = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const noticed = states.filter((state) => state === 'Killed' || state === 'Timeout').length;
  const missed = states.filter((state) => state === 'Survived' || state === 'NoCoverage').length;
  return { noticed, of: noticed + missed };
}

/** The files that have to be gone through: those whose text is another than when their score was kept. */
export function unfinished(root, files, scores) {
  return files.filter((file) => scores[file]?.hash !== hashOf(root, file));
}

/** Of a file and of the tests beside it, which say what is noticed. */
export function hashOf(root, file) {
  const folder = dirname(join(root, file));
  const hash = createHash('sha256').update(readFileSync(join(root, file)));
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith('.test.ts')) hash.update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

async function main() {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      concurrency: { type: 'string', default: '2' },
      sample: { type: 'string', default: '25' },
      seed: { type: 'string' },
    },
    allowPositionals: true,
  });
  for (const path of positionals) if (!existsSync(join(ROOT, path))) fail(`there is no ${path}`);
  const [count, seed] = [Number(values.sample), Number(values.seed ?? Math.floor(Math.random() * 1e6))];
  if (!(count >= 1) || !Number.isSafeInteger(seed)) fail('--sample and --seed are whole numbers');
  if (!(Number(values.concurrency) >= 1)) fail('--concurrency is a whole number');
  const paths = positionals.map((path) => relative(ROOT, join(ROOT, path)));
  const files = mutatedFiles(ROOT, paths.length > 0 ? paths : DECIDES);
  if (values.all || paths.length > 0) {
    process.exitCode = await wholeFiles(files, values);
    return;
  }
  console.log(`${count} places, to be had again with --sample ${count} --seed ${seed}`);
  process.exitCode = await stryker(samplePlaces(ROOT, files, count, seed), values.concurrency);
}

/** One file after the other; what each came to is kept at once. @returns the exit code */
async function wholeFiles(files, { resume, concurrency }) {
  const kept = existsSync(SCORES) ? JSON.parse(readFileSync(SCORES, 'utf8')) : {};
  for (const file of resume ? unfinished(ROOT, files, kept) : files) {
    const hash = hashOf(ROOT, file);
    const code = await stryker([file], concurrency);
    if (code !== 0) return code;
    kept[file] = { hash, ...scoreOf(JSON.parse(readFileSync(REPORT, 'utf8'))) };
    mkdirSync(dirname(SCORES), { recursive: true });
    writeFileSync(SCORES, `${JSON.stringify(kept, null, 2)}\n`);
  }
  for (const file of files) {
    const { noticed, of } = kept[file];
    console.log(
      `${file.padEnd(60)} ${of === 0 ? 'none' : `${((100 * noticed) / of).toFixed(1)} %`} (${noticed} of ${of})`,
    );
  }
  return 0;
}

function stryker(mutate, concurrency) {
  const command = join(ROOT, 'node_modules', '.bin', 'stryker');
  const args = ['run', 'stryker.config.mjs', '--concurrency', concurrency, '--mutate', mutate.join(',')];
  return new Promise((resolve) => {
    spawn(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, MUTATION_REPORT: REPORT } }).on(
      'exit',
      (code) => resolve(code ?? 1),
    );
  });
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
