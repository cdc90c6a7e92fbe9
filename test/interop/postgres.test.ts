import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findPostgres, startPostgres } from './postgres/server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/**
 * Tests that look into the file of the embedded database, or copy it, those of its dialect, and one that counts on what another account
 * sends being handled before its own next request.
 */
const OF_SQLITE =
  'that change at the same time|full_disk|goes on after an error|stores all of a request or nothing|leave no token in the database|loss of the key beside|after a server has died|as keys of both hashes';

/** Runs tests of packages with all databases in PostgreSQL. @returns what they said, and how they ended */
function run(address: string, folders: readonly string[]): Promise<{ code: number | null; said: string }> {
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  const child = spawn(
    process.execPath,
    [
      vitest,
      'run',
      '--config',
      'test/interop/postgres/vitest.config.ts',
      '--testNamePattern',
      `^(?!.*(?:${OF_SQLITE}))`,
      ...folders,
    ],
    { cwd: ROOT, env: { ...process.env, THINGWARD_TEST_POSTGRES: address, NO_COLOR: '1' } },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000);
    });
  }
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, said })));
}

it.skipIf(!findPostgres()).each([
  ['the registry and provisioning', ['packages/services/src/registry', 'packages/services/src/provisioning']],
  ['publish-subscribe', ['packages/services/src/pubsub', 'packages/server/test/pep', 'packages/server/test/pubsub']],
  ['history and the log of events', ['packages/services/src/history', 'packages/services/src/event-log']],
  [
    'accounts, rosters, offline messages, archives and uploads of the server',
    [
      'packages/server/test/administration',
      'packages/server/test/roster',
      'packages/server/test/offline',
      'packages/server/test/archive',
      'packages/server/test/upload',
      'packages/server/test/restart',
    ],
  ],
])(
  '%s keep what they know in PostgreSQL (skipped unless it is installed)',
  async (_, folders) => {
    const postgres = await startPostgres(['fsync=off']);
    try {
      const { code, said } = await run(postgres.address, folders);
      expect(code, said).toBe(0);
      expect(said).toMatch(/Tests {2}\d+ passed/);
    } finally {
      await postgres.stop();
    }
  },
  600_000,
);
