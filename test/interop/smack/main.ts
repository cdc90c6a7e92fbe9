import { knownFailures, runSmack, smackClassPath } from './smack.ts';

const RUN_TIMEOUT_MS = 480_000;

const [only = ''] = process.argv.slice(2);
const classPath = await smackClassPath();
if (classPath === undefined) {
  console.log('skipped: Smack\u2019s tests need Java and Maven');
} else {
  const known = knownFailures();
  const { passed, failed, impossible, isComplete, output } = await runSmack(classPath, only, RUN_TIMEOUT_MS);
  for (const test of passed) console.log(`ok ${test}`);
  for (const { test, why } of failed) console.log(`not ok ${test}: ${known.get(test) ?? why}`);
  for (const { test, why } of impossible) console.log(`skipped ${test}: ${why}`);
  const news = failed.filter(({ test }) => !known.has(test));
  const counts = `${passed.length} passed, ${news.length} failed, ${failed.length - news.length} failed as known`;
  console.log(`${counts}, ${impossible.length} classes skipped`);
  if (!isComplete) console.log(`the run broke off:\n${output.slice(-4000)}`);
  process.exitCode = isComplete && news.length === 0 ? 0 : 1;
}
