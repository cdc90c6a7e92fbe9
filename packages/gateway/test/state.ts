import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openState } from '../src/state/state-database.ts';

/** A directory until the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** An open state until the test is over. */
export function temporaryState(directory = temporaryDirectory()) {
  const state = openState(directory);
  onTestFinished(() => {
    state.close();
  });
  return state;
}
