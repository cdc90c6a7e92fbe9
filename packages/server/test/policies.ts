import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of policies for a server that is tested. */
export class TestPolicies {
  readonly path: string;
  readonly #parent: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.#parent = mkdtempSync(join(tmpdir(), 'thingward-policies-'));
    this.path = join(this.#parent, 'policies');
    this.write(files);
  }

  write(files: Readonly<Record<string, string>>): void {
    rmSync(this.path, { recursive: true, force: true });
    mkdirSync(this.path);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.path, name), text);
  }

  remove(): void {
    rmSync(this.#parent, { recursive: true, force: true });
  }
}
