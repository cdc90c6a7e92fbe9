import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Passwords of the demo's accounts, made once and kept beside its data. */
export function demoPasswords<Name extends string>(directory: string, names: readonly Name[]): Record<Name, string> {
  const file = join(directory, 'passwords.json');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const kept: Partial<Record<string, string>> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const passwords = Object.fromEntries(
    names.map((name) => [name, kept[name] ?? randomBytes(9).toString('base64url')]),
  ) as Record<Name, string>;
  writeFileSync(file, `${JSON.stringify(passwords, undefined, 2)}\n`, { mode: 0o600 });
  return passwords;
}
