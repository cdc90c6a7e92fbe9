import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileBundle, hasPolicies, type PolicyBundle, type PolicyFiles, readPolicyFiles } from '@thingward/guard';

/** A folder of policies that is replaced as a whole or not at all. */
export class PolicyFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined where there are none. @throws PolicyError */
  load(): PolicyBundle | undefined {
    this.#recover();
    return hasPolicies(this.path) ? compileBundle(readPolicyFiles(this.path)) : undefined;
  }

  /** Puts other files in the place of those that are there. Undefined: none. @throws an error of the file system; then all is as it was */
  replace(files: PolicyFiles | undefined): void {
    const [fresh, former] = [`${this.path}.new`, `${this.path}.old`];
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true, mode: 0o750 });
    for (const [name, text] of files ?? []) writeFileSync(join(fresh, name), text, { flush: true });
    rmSync(former, { recursive: true, force: true });
    if (existsSync(this.path)) renameSync(this.path, former);
    try {
      renameSync(fresh, this.path);
    } catch (error) {
      if (existsSync(former)) renameSync(former, this.path);
      throw error;
    }
    rmSync(former, { recursive: true, force: true });
  }

  /** The process may have ended between two steps of a replacement. */
  #recover(): void {
    const former = `${this.path}.old`;
    if (!existsSync(this.path) && existsSync(former)) renameSync(former, this.path);
  }
}
