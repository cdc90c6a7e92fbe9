import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EntitiesFile, NO_ENTITIES, parseEntitiesFile } from '../network/entities-file.ts';
import type { PolicySource } from './compile.ts';
import { PolicyError } from './policy-error.ts';
import { PolicySet } from './policy-set.ts';
import { defaultPolicies } from './shipped.ts';

export const ENTITIES_FILE = 'entities.yaml';
export const EXPECTATIONS_ENDING = '.test.yaml';

/** Files of a folder of policies, by name. */
export type PolicyFiles = ReadonlyMap<string, string>;

/** Policies in a form to be used, with what belongs to them. */
export interface PolicyBundle {
  readonly files: PolicyFiles;
  readonly set: PolicySet;
  readonly entities: EntitiesFile;
}

const MAX_FILES = 500;
const MAX_FILE_BYTES = 1_048_576;

/** Is a file of a folder one that belongs to policies? */
export function isPolicyFile(name: string): boolean {
  return (
    /^[\w][\w.-]*$/.test(name) &&
    (name.endsWith('.cedar') || name === ENTITIES_FILE || name.endsWith(EXPECTATIONS_ENDING))
  );
}

/** Reads the files of a folder that belong to policies. @throws PolicyError where it can't be read */
export function readPolicyFiles(folder: string): PolicyFiles {
  try {
    const names = readdirSync(folder).filter(isPolicyFile).sort();
    if (names.length > MAX_FILES) throw new Error(`more than ${MAX_FILES} files`);
    return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  } catch (error) {
    throw new PolicyError('policies-unreadable', [
      { severity: 'error', file: folder, line: 1, column: 1, message: (error as Error).message },
    ]);
  }
}

/** Is there a folder with at least one file that belongs to policies? */
export function hasPolicies(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some(isPolicyFile);
}

/**
 * Makes policies of files. Those that come with Thingward are always among them.
 * @throws PolicyError when any of them is wrong
 */
export function compileBundle(files: PolicyFiles): PolicyBundle {
  for (const [name, text] of files) {
    if (isPolicyFile(name) && text.length <= MAX_FILE_BYTES) continue;
    const message = isPolicyFile(name) ? 'it is too long' : 'it is no file of policies';
    throw new PolicyError('policy-invalid', [{ severity: 'error', file: name, line: 1, column: 1, message }]);
  }
  const text = files.get(ENTITIES_FILE);
  const entities = text === undefined ? NO_ENTITIES : parseEntitiesFile(text, ENTITIES_FILE);
  const sources: PolicySource[] = [{ file: 'thingward.cedar', text: defaultPolicies(), isShipped: true }];
  for (const [file, source] of files) if (file.endsWith('.cedar')) sources.push({ file, text: source });
  return { files, set: PolicySet.compile(sources), entities };
}
