#!/usr/bin/env node
/*
 * Mutation tests of the code that decides: each small change of it (a comparison turned round, a condition left out) must make a test fail.
 *   npm run mutation                          a sample of the code, another one each time
 *   npm run mutation -- --sample 20 --seed 7  20 places, those of this seed
 *   npm run mutation -- --all                 all of it
 *   npm run mutation -- packages/guard/src/judge.ts
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What decides, or says what is to be decided; folders with all that is in them. */
export const DECIDES = [
  ...['decimal', 'guard', 'inspection', 'judge', 'minute-clock', 'named-nodes', 'redaction', 'refusal'],
  ...['attribute-use', 'context-attributes', 'obligation', 'policy-set', 'residual', 'scope'].map(
    (name) => `policy/${name}`,
  ),
  'network/known-network',
]
  .map((name) => `packages/guard/src/${name}.ts`)
  .concat('packages/guard/src/inspectors', 'packages/guard/src/state');

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

function main() {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      sample: { type: 'string', default: '25' },
      seed: { type: 'string' },
    },
    allowPositionals: true,
  });
  for (const path of positionals) if (!existsSync(join(ROOT, path))) fail(`there is no ${path}`);
  const [count, seed] = [Number(values.sample), Number(values.seed ?? Math.floor(Math.random() * 1e6))];
  if (!(count >= 1) || !Number.isSafeInteger(seed)) fail('--sample and --seed are whole numbers');
  const files = mutatedFiles(
    ROOT,
    positionals.length > 0 ? positionals.map((path) => relative(ROOT, join(ROOT, path))) : DECIDES,
  );
  const isWhole = values.all || positionals.length > 0;
  if (!isWhole) console.log(`${count} places, to be had again with --sample ${count} --seed ${seed}`);
  const mutate = isWhole ? files : samplePlaces(ROOT, files, count, seed);
  const stryker = join(ROOT, 'node_modules', '.bin', 'stryker');
  spawn(stryker, ['run', 'stryker.config.mjs', '--mutate', mutate.join(',')], { cwd: ROOT, stdio: 'inherit' }).on(
    'exit',
    (code) => {
      process.exitCode = code ?? 1;
    },
  );
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
