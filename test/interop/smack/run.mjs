#!/usr/bin/env node
// Runs the integration tests of Smack against our server: npm run interop:smack -- [names of test classes]
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
await runnerImport(`${here}/main.ts`, {
  root: here,
  configFile: false,
  logLevel: 'error',
  environments: {
    inline: { resolve: { conditions: ['source', 'node', 'import', 'default'], noExternal: [/^@thingward\//] } },
  },
});
