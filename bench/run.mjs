#!/usr/bin/env node
/*
 * Runs benchmarks, one after the other: all, or the one named. Needs `npm run build` before.
 *   npm run bench -- [name [its arguments]]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
/** By name: a script here, or `run.mjs` in a folder. */
const benchmarks = new Map(
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) {
      const file = join(folder, entry.name, 'run.mjs');
      return existsSync(file) ? [[entry.name, file]] : [];
    }
    return entry.name.endsWith('.mjs') && entry.name !== 'run.mjs'
      ? [[entry.name.replace(/\.mjs$/, ''), join(folder, entry.name)]]
      : [];
  }),
);
const [name, ...args] = process.argv.slice(2);
if (name !== undefined && !benchmarks.has(name)) {
  console.error(`no such benchmark: ${name}; there are ${[...benchmarks.keys()].join(', ')}`);
  process.exit(2);
}
for (const [each, file] of benchmarks) {
  if (name !== undefined && each !== name) continue;
  console.error(`== ${each}`);
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
