import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { checkArchitecture } from './architecture.mjs';

describe('the architecture check', () => {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
  });

  /** A workspace of packages `xml` and `xmpp` with these files. */
  function workspace(files: Record<string, string>): string {
    const root = mkdtempSync(join(tmpdir(), 'architecture-'));
    made.push(root);
    const all = {
      'packages/xml/package.json': '{}',
      'packages/xmpp/package.json': '{ "dependencies": { "@thingward/xml": "1" } }',
      ...files,
    };
    for (const [name, content] of Object.entries(all)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    return root;
  }

  it('has nothing to say about this repository', () => {
    expect(checkArchitecture(fileURLToPath(new URL('..', import.meta.url)))).toEqual([]);
  });

  it('accepts imports that point downwards', () => {
    expect(checkArchitecture(workspace({ 'packages/xmpp/src/a.ts': "import { x } from '@thingward/xml';" }))).toEqual(
      [],
    );
  });

  it.each([
    [
      'an upward import',
      { 'packages/xml/src/a.ts': "import type { X } from '@thingward/xmpp';" },
      /a\.ts imports upwards/,
    ],
    ['an upward re-export', { 'packages/xml/src/a.ts': "export * from '@thingward/xmpp';" }, /imports upwards/],
    ['an upward dynamic import', { 'packages/xml/src/a.ts': "await import('@thingward/xmpp');" }, /imports upwards/],
    ['reaching into a package', { 'packages/xmpp/src/a.ts': "import '@thingward/xml/src/b.ts';" }, /reaches into/],
    ['leaving a package', { 'packages/xmpp/src/a.ts': "import '../../xml/src/b.ts';" }, /leaves its package/],
    ['a dependency that is not declared', { 'packages/xml/src/a.ts': "import 'left-pad';" }, /does not name/],
    ['Node.js in a package for browsers', { 'packages/xml/src/a.ts': "import 'node:fs';" }, /runs in browsers/],
    ['a package in no layer', { 'packages/misc/package.json': '{}' }, /in no layer/],
    [
      'a circle',
      { 'packages/xml/src/a.ts': "import './b.ts';", 'packages/xml/src/b.ts': "import './a.ts';" },
      /circular: packages\/xml\/src\/a\.ts -> packages\/xml\/src\/b\.ts -> packages\/xml\/src\/a\.ts/,
    ],
  ])('finds %s', (_, files, problem) => {
    expect(checkArchitecture(workspace(files as Record<string, string>))).toContainEqual(
      expect.stringMatching(problem),
    );
  });
});
