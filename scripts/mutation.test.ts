import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { hashOf, mutatedFiles, samplePlaces, scoreOf, unfinished } from './mutation.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

it('mutates what decides, and no tests', () => {
  const files = mutatedFiles(ROOT);
  expect(files).toContain('packages/guard/src/judge.ts');
  expect(files).toContain('packages/guard/src/inspectors/modbus.ts');
  expect(files).toContain('packages/guard/src/state/approvals.ts');
  expect(files.filter((file) => /test|index/.test(file))).toEqual([]);
});

it('takes the same sample for the same seed, and another for another', () => {
  const files = mutatedFiles(ROOT);
  const sample = samplePlaces(ROOT, files, 10, 7);
  expect(new Set(sample).size).toBe(10);
  for (const place of sample) expect(place).toMatch(/^packages\/guard\/src\/[\w/-]+\.ts:\d+-\d+$/);
  expect(samplePlaces(ROOT, files, 10, 7)).toEqual(sample);
  expect(samplePlaces(ROOT, files, 10, 8)).not.toEqual(sample);
  expect(samplePlaces(ROOT, ['packages/guard/src/judge.ts'], 1000, 1).length).toBeLessThan(20);
});

it('counts mutants that could have been noticed alone', () => {
  const mutants = ['Killed', 'Timeout', 'Survived', 'NoCoverage', 'Ignored', 'CompileError'].map((status) => ({
    status,
  }));
  expect(scoreOf({ files: { a: { mutants }, b: { mutants: [{ status: 'Killed' }] } } })).toEqual({ noticed: 3, of: 5 });
});

it('takes up again with files that are new, or have changed, or whose tests have', () => {
  const root = mkdtempSync(join(tmpdir(), 'thingward-mutation-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const names = ['a.ts', 'b.ts'];
  for (const name of names) writeFileSync(join(root, name), name);
  expect(unfinished(root, names, {})).toEqual(names);
  const scores = Object.fromEntries(names.map((name) => [name, { hash: hashOf(root, name) }]));
  expect(unfinished(root, names, scores)).toEqual([]);
  writeFileSync(join(root, 'b.ts'), 'changed');
  expect(unfinished(root, names, scores)).toEqual(['b.ts']);
  writeFileSync(join(root, 'a.test.ts'), 'new');
  expect(unfinished(root, names, scores)).toEqual(names);
});
