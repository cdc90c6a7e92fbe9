import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AuditError } from './audit-error.ts';
import type { AuditEntry } from './audit-line.ts';

const ENDING = '.json';
const MAX_ENTRIES = 10_000;
const MAX_BYTES = 32_768;
const PER_ROUND = 500;

/**
 * Acts of commands that work beside a server that runs: only one program writes a log, so they are left for it here, and are taken into
 * the log when it looks, or when it starts.
 */
export class AuditSpool {
  readonly #folder: string;

  /** @param folder of the log */
  constructor(folder: string) {
    this.#folder = join(folder, 'pending');
  }

  /** How many wait. */
  get size(): number {
    return this.#names().length;
  }

  /** @throws AuditError `unusable` where it can't be left */
  leave(entry: AuditEntry): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o750 });
      if (this.size >= MAX_ENTRIES) throw new Error(`${MAX_ENTRIES} records wait there already`);
      const name = `${entry.at.replaceAll(':', '')}-${randomBytes(6).toString('hex')}`;
      const unfinished = join(this.#folder, `${name}.part`);
      writeFileSync(unfinished, JSON.stringify(entry), { flag: 'wx', mode: 0o640, flush: true });
      renameSync(unfinished, join(this.#folder, name + ENDING));
    } catch (error) {
      const why = (error as Error).message;
      throw new AuditError('unusable', `can't leave a record for the audit log in ${this.#folder}: ${why}`, {
        cause: error,
      });
    }
  }

  /** Those that wait, oldest first, and what takes each away once it is in the log. */
  waiting(): readonly { readonly entry: AuditEntry; readonly remove: () => void }[] {
    return this.#names()
      .slice(0, PER_ROUND)
      .map((name) => {
        const path = join(this.#folder, name);
        return { entry: readEntry(path, name), remove: () => unlinkSync(path) };
      });
  }

  #names(): readonly string[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(ENDING))
      .sort();
  }
}

/** What can't be read is recorded as just that. */
function readEntry(path: string, name: string): AuditEntry {
  try {
    const { size, mtime } = statSync(path);
    const value: unknown = size > MAX_BYTES ? undefined : JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && 'kind' in value && 'at' in value) {
      const { kind, at } = value;
      if (kind === 'administration' && typeof at === 'string') return { ...(value as AuditEntry) };
    }
    return {
      kind: 'administration',
      at: mtime.toISOString(),
      who: 'system:unknown',
      action: 'unreadable',
      thing: name,
      effect: 'failed',
    };
  } catch {
    const at = new Date(0).toISOString();
    return { kind: 'administration', at, who: 'system:unknown', action: 'unreadable', thing: name, effect: 'failed' };
  }
}
