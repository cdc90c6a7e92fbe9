import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';

/** Two serial ports that are the ends of one line, made by socat, until the test is over. @returns their paths */
export async function serialLine(directory: string, name: string): Promise<readonly [string, string]> {
  const ends = [join(directory, `${name}-a`), join(directory, `${name}-b`)] as const;
  const child = spawn(
    'socat',
    ends.map((path) => `pty,raw,echo=0,link=${path}`),
  );
  onTestFinished(() => {
    child.kill();
  });
  await vi.waitFor(() => expect(ends.every((path) => existsSync(path))).toBe(true), { timeout: 5000 });
  return ends;
}
