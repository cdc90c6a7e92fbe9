// How mutants of the code that decides are made and run: by scripts/mutation.mjs, which says of what.
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  // What is said to people is for people to judge.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignorePatterns: ['**/dist', 'bench', 'docs', 'test', '.git'],
  // TypeScript 7 has no API that could read it.
  tsconfigFile: 'none',
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 20_000,
  tempDirName: '.stryker-tmp',
  reporters: ['clear-text', 'json'],
  jsonReporter: { fileName: process.env.MUTATION_REPORT ?? '.stryker-tmp/report.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
};
