import { execFile, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The Python to run peers with: THINGWARD_PYTHON where they are in an environment of their own. */
export const PYTHON = process.env.THINGWARD_PYTHON ?? 'python3';

/** Is this Python package there? @param python an interpreter in place of the usual one */
export function hasPythonPackage(name: string, python = PYTHON): boolean {
  try {
    execFileSync(python, ['-c', `import ${name}`], { stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs a peer's script and gives the JSON it printed. Rejects with what it said otherwise. */
export async function runPeer(
  script: string,
  args: readonly string[],
  python = PYTHON,
): Promise<Record<string, unknown>> {
  const file = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(python, [file, ...args], { timeout: 60_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

/** A peer that goes on until it is told to end, and says one thing in JSON when it is ready, and another at its end. */
export interface RunningPeer {
  readonly ready: Record<string, unknown>;
  /** Ends its input, and gives what it said last. */
  end(): Promise<Record<string, unknown>>;
  /** Ends it, whatever it is doing. */
  kill(): void;
}

/** Starts a peer's script. Rejects with what it said when it ends before it is ready. */
export async function startPeer(script: string, args: readonly string[], python = PYTHON): Promise<RunningPeer> {
  const file = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
  const child = spawn(python, [file, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let problems = '';
  child.stderr.on('data', (chunk: Buffer) => {
    problems = (problems + chunk.toString()).slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended: ${problems}`);
      // Libraries say something now and then.
      if (value.startsWith('{')) return JSON.parse(value) as Record<string, unknown>;
    }
  };
  return {
    ready: await next(),
    end: async () => {
      child.stdin.end();
      return next();
    },
    kill: () => child.kill(),
  };
}
