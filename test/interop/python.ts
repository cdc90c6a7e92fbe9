import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The Python to run peers with: THINGWARD_PYTHON where they are in an environment of their own. */
const PYTHON = process.env.THINGWARD_PYTHON ?? 'python3';

/** Is this Python package there? */
export function hasPythonPackage(name: string): boolean {
  try {
    execFileSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs a peer's script and gives the JSON it printed. Rejects with what it said otherwise. */
export async function runPeer(script: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const file = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(PYTHON, [file, ...args], { timeout: 60_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}
