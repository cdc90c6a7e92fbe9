import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile.ts';
import { describeComponents } from './describe.ts';

const FOLDER = new URL('../../test/vectors/schemas/', import.meta.url);
const NAMES = readdirSync(FOLDER).sort();
const read = (location: string) => ({ location, bytes: readFileSync(new URL(location, FOLDER)) });

describe('schemas of the reference vectors', () => {
  it.each(NAMES)('compiles %s', async (name) => {
    const components = compileSchema([read(name)], { resolve: (location) => (location ? read(location) : undefined) });
    await expect(describeComponents(components)).toMatchFileSnapshot(`../../test/digests/${name}.txt`);
  });
});
