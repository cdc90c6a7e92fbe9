import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkExpectations } from './expectations.ts';
import { compileBundle, readPolicyFiles } from './policy-bundle.ts';
import { fillTemplate, policyTemplates } from './shipped.ts';

/** A new template comes with a folder of its name. */
const FOLDER = fileURLToPath(new URL('../../policies/examples/', import.meta.url));
const NOW = new Date('2026-11-26T10:00:00Z');
const templates = policyTemplates();

test('there is an example of each template', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(templates.map(({ name }) => name));
});

describe.each(templates.map((template) => [template.name, template] as const))('%s', (name, template) => {
  const files = readPolicyFiles(`${FOLDER}${name}`);
  const bundle = compileBundle(files);

  test('it is what its first line makes', () => {
    const [first = '', ...lines] = (files.get(`${name}.cedar`) ?? '').split('\n');
    const [, command, given = ''] = /^\/\/ (thingward policy template \S+) ?(.*)$/.exec(first) ?? [];
    expect(command).toBe(`thingward policy template ${name}`);
    const values = given.split(' ').filter((pair) => pair !== '');
    const filled = fillTemplate(template, new Map(values.map(nameAndValue)));
    expect(lines.join('\n')).toBe(filled);
  });

  test('it has nothing to be warned of', () => expect(bundle.set.warnings).toEqual([]));

  test('it decides as it says', () => {
    const results = checkExpectations(bundle, NOW);
    expect(
      results.filter(({ isMet }) => !isMet).map(({ at, name, difference }) => `${at}: ${name}: ${difference}`),
    ).toEqual([]);
    // Something that it does, and something that it leaves alone.
    expect(new Set(results.map(({ expected }) => expected.split(' ')[0])).size).toBeGreaterThan(1);
    const own = bundle.set.policies.filter(({ isShipped }) => !isShipped).map(({ id }) => id);
    const decided = results.flatMap(({ explanation }) => explanation.decisive.map(({ id }) => id));
    for (const id of own) expect(decided).toContain(id);
  });
});

/** As a shell would give it to the command: some need quotes there. */
function nameAndValue(pair: string): [string, string] {
  const plain = pair.replace(/^'(.*)'$/, '$1');
  const equals = plain.indexOf('=');
  return [plain.slice(0, equals), plain.slice(equals + 1)];
}
