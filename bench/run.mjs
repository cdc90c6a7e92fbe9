#!/usr/bin/env node
// Runs all benchmarks, one after the other. Needs `npm run build` before.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
for (const file of readdirSync(folder).filter((name) => name.endsWith('.mjs') && name !== 'run.mjs')) {
  console.log(`\n== ${file.replace(/\.mjs$/, '')}`);
  const { status } = spawnSync(process.execPath, [join(folder, file)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
