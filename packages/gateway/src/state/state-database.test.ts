import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory, temporaryState } from '../../test/state.ts';
import { openState, StateError } from './state-database.ts';

it.skipIf(process.platform === 'win32')('is readable for its user alone: it holds KEYs', () => {
  const directory = join(temporaryDirectory(), 'data');
  const state = temporaryState(directory);
  state.prepare("INSERT INTO claim_key (account, node, value) VALUES ('a', '', 'k')").run();
  const mode = (file: string) => statSync(file).mode & 0o777;
  expect(mode(directory)).toBe(0o700);
  expect(mode(join(directory, 'gateway.db'))).toBe(0o600);
  expect(mode(join(directory, 'gateway.db-wal'))).toBe(0o600);
});

it('says which file cannot be opened', () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'gateway.db'), 'no database at all, but long enough to be taken for one'.repeat(10));
  expect(() => openState(directory)).toThrow(StateError);
  expect(() => openState(directory)).toThrow(`can't open ${join(directory, 'gateway.db')}: `);
  writeFileSync(join(directory, 'file'), '');
  expect(() => openState(join(directory, 'file'))).toThrow(StateError);
});
