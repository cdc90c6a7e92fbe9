import { defineConfig } from 'vitest/config';

/** The tests of services and server that keep things, on the PostgreSQL that THINGWARD_TEST_POSTGRES names. */
export default defineConfig({
  root: new URL('../../../', import.meta.url).pathname,
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node', 'default'] } },
  test: {
    include: [
      'packages/services/src/**/*.test.ts',
      'packages/server/src/**/*.test.ts',
      'packages/server/test/**/*.test.ts',
    ],
    setupFiles: ['test/interop/postgres/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
