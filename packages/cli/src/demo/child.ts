import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CommandError } from '../errors.ts';
import { say } from '../output.ts';

const READY_TIMEOUT_MS = 20_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface ChildOptions {
  /** For messages. */
  readonly name: string;
  /** Arguments of node. */
  readonly args: readonly string[];
  /** A line it prints when it is ready. */
  readonly ready: RegExp;
}

/** A process of the demo's own. One that ends by itself after it was ready is started again. */
export class Child {
  readonly #options: ChildOptions;
  #process: ChildProcess | undefined;
  #stopping = false;
  #restarts = 0;

  private constructor(options: ChildOptions) {
    this.#options = options;
  }

  /** Starts it and waits until it is ready. @throws CommandError with what it said when it failed */
  static async start(options: ChildOptions): Promise<Child> {
    const child = new Child(options);
    await child.#start();
    return child;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => running.kill('SIGKILL'), 5000);
      running.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      running.kill('SIGTERM');
    });
  }

  #start(): Promise<void> {
    const { name, args, ready } = this.#options;
    // In a group of its own, so that Ctrl-C reaches the demo alone, which ends its parts in order. One whose parent is gone ends by itself.
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    this.#process = started;
    return new Promise((resolve, reject) => {
      const said: string[] = [];
      let isReady = false;
      const timer = setTimeout(() => {
        reject(new CommandError(`${name} was not ready in ${READY_TIMEOUT_MS / 1000} s: ${said.join(' ')}`));
        started.kill();
      }, READY_TIMEOUT_MS);
      for (const stream of [started.stdout, started.stderr]) {
        createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
          if (!isReady && ready.test(line)) {
            isReady = true;
            clearTimeout(timer);
            resolve();
          } else if (!isReady && said.length < 20) said.push(line);
        });
      }
      started.once('error', (error) => reject(new CommandError(`${name} can't be started: ${error.message}`)));
      started.once('exit', (code, signal) => {
        clearTimeout(timer);
        if (isReady) this.#ended(code ?? signal);
        else reject(new CommandError(said.join('\n') || `${name} ended with ${code ?? signal}`));
      });
    });
  }

  #ended(how: number | string | null): void {
    if (this.#stopping) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#restarts++, 10));
    say(`${this.#options.name} ended (${how}); it is started again in ${pause / 1000} s`);
    setTimeout(() => {
      if (this.#stopping) return;
      this.#start().then(
        () => say(`${this.#options.name} is back`),
        (error: Error) => {
          say(`${this.#options.name}: ${error.message}`);
          this.#ended('failed');
        },
      );
    }, pause);
  }
}
