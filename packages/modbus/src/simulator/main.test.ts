import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { plant } from '../../test/peers.ts';

const { argv } = process;
const events = ['SIGTERM', 'SIGINT', 'disconnect'] as NodeJS.Signals[];
const before = new Map(events.map((name) => [name, process.listeners(name)]));

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers({ toFake: ['setInterval'] });
});

afterEach(() => {
  process.argv = argv;
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const [name, listeners] of before) {
    for (const listener of process.listeners(name)) if (!listeners.includes(listener)) process.off(name, listener);
  }
});

/** Starts the program and waits until it gives up. */
async function failure(listen: string): Promise<{ code: unknown; said: unknown }> {
  process.argv = ['node', 'main.ts', '--listen', listen];
  const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  const say = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  await expect(import('./main.ts')).rejects.toThrow('exit');
  return { code: exit.mock.lastCall?.[0], said: say.mock.lastCall?.[0] };
}

it('says that its port is in use', async () => {
  const { port } = await plant();
  expect(await failure(`127.0.0.1:${port}`)).toEqual({
    code: 1,
    said: `the simulated PLC can't listen on 127.0.0.1:${port}: the port is already in use by another program`,
  });
});

it('says what an address to listen on looks like', async () => {
  expect(await failure('5020')).toEqual({
    code: 2,
    said: '--listen needs host:port such as 127.0.0.1:5020, got "5020"',
  });
});
