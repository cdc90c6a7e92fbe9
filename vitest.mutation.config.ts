import { mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The tests that mutants are run against: those beside the code that decides. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  // Instrumented, comparisons with Cedar take several times as long.
  { test: { include: ['packages/guard/src/**/*.test.ts'], testTimeout: 120_000 } },
);
