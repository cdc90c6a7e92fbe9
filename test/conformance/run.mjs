#!/usr/bin/env node
// Plays the conformance scripts against a server: npm run conformance -- --help
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const { module } = await runnerImport(`${here}/command.ts`, {
  root: here,
  configFile: false,
  logLevel: 'error',
  environments: {
    inline: { resolve: { conditions: ['source', 'node', 'import', 'default'], noExternal: [/^@thingward\//] } },
  },
});
process.exitCode = await module.command(process.argv.slice(2));
