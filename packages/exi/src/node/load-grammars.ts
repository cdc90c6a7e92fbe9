import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { buildGrammars } from '../grammar/build-grammars.ts';
import type { Grammars } from '../grammar/grammars.ts';
import { deserializeGrammars } from '../grammar/serialized-grammars.ts';
import { compileSchema } from '../schema/compile.ts';
import type { SchemaComponents } from '../schema/components.ts';
import type { SchemaDocument } from '../schema/source.ts';

/**
 * Compiles schema files and those they import and include, looked for beside them.
 * @throws SchemaError
 */
export function loadSchema(paths: readonly string[]): SchemaComponents {
  const documents = paths.map((path) => document(resolve(path)));
  return compileSchema(documents, {
    resolve: (location, _namespace, base) => {
      if (location === undefined || /^[a-z][a-z0-9+.-]+:/i.test(location)) return undefined;
      const path = resolve(dirname(base), location);
      return existsSync(path) ? document(path) : undefined;
    },
  });
}

/**
 * Loads grammars from schema files, or from one file that `serializeGrammars` made.
 * @throws SchemaError; ExiError `grammars`
 */
export function loadGrammars(paths: readonly string[]): Grammars {
  const [first] = paths;
  if (paths.length === 1 && first !== undefined) {
    const bytes = readFileSync(first);
    if (bytes.subarray(0, 4).toString('latin1') === 'TWGR') return deserializeGrammars(bytes);
  }
  return buildGrammars(loadSchema(paths));
}

function document(path: string): SchemaDocument {
  return { location: path, bytes: readFileSync(path) };
}
