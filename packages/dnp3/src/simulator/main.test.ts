import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connectedMaster, substation } from '../../test/peers.ts';

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

/** Starts the program. @returns the port it says it listens on, and how to end it by an event */
async function started(listen: string) {
  process.argv = ['node', 'main.ts', '--listen', listen];
  const say = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as () => never);
  await import('./main.ts');
  const said = String(say.mock.lastCall?.[0]);
  const end = async (event: 'SIGTERM' | 'SIGINT' | 'disconnect') => {
    for (const listener of process.listeners(event as NodeJS.Signals)) {
      if (!before.get(event as NodeJS.Signals)?.includes(listener)) listener(event as NodeJS.Signals);
    }
    await vi.waitFor(() => expect(exit).toHaveBeenCalledWith(0));
  };
  return { said, port: Number(said.split(':').at(-1)), end };
}

it.each(['SIGTERM', 'SIGINT', 'disconnect'] as const)(
  'says where it listens, moves by itself, and ends at %s',
  async (event) => {
    const { said, port, end } = await started('127.0.0.1:0');
    expect(said).toMatch(/^outstation ready dnp3-tcp:\/\/127\.0\.0\.1:\d+$/);
    const master = await connectedMaster(port);
    const power = async () =>
      (await master.integrityPoll()).measurements.findLast(({ kind, index }) => kind === 'analog' && index === 2)
        ?.value;
    const first = await power();
    await new Promise((resolve) => setTimeout(resolve, 20));
    vi.advanceTimersByTime(1000);
    expect(await power()).not.toBe(first);
    await end(event);
    await vi.waitFor(() => expect(master.channel.problem).toBe('connection refused'));
  },
);

it('listens on IPv6 too', async () => {
  const { said, end } = await started('[::1]:0');
  expect(said).toMatch(/^outstation ready dnp3-tcp:\/\/\[::1\]:\d+$/);
  await end('SIGTERM');
});

it('says that its port is in use', async () => {
  const { port } = await substation();
  expect(await failure(`127.0.0.1:${port}`)).toEqual({
    code: 1,
    said: `the simulated outstation can't listen on 127.0.0.1:${port}: the port is already in use by another program`,
  });
});

it('says what an address to listen on looks like', async () => {
  expect(await failure('20000')).toEqual({
    code: 2,
    said: '--listen needs host:port such as 127.0.0.1:20000, got "20000"',
  });
});
