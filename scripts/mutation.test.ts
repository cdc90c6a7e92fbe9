import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { mutatedFiles, samplePlaces } from './mutation.mjs';

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
