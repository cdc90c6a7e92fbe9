import { expect, it } from 'vitest';
import { Arbiter } from './arbiter.ts';

/** Work that is done when it is told so. */
function work(log: string[], name: string) {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return {
    finish,
    run: async () => {
      log.push(name);
      await done;
    },
  };
}

it('gives masters turns, and keeps the order of each', async () => {
  const arbiter = new Arbiter(1, 10);
  const log: string[] = [];
  const jobs = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map((name) => work(log, name));
  const running = jobs.map((job, i) => arbiter.run('aaabcb'[i] as string, job.run));
  expect(arbiter.waiting).toBe(5);
  for (const job of jobs) job.finish();
  await Promise.all(running);
  expect(log).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
  expect(arbiter.waiting).toBe(0);
});

it('runs as many at once as the line takes, and goes on after a failure', async () => {
  const arbiter = new Arbiter(2, 10);
  const log: string[] = [];
  const [first, second, third] = [work(log, '1'), work(log, '2'), work(log, '3')];
  const failing = arbiter.run('a', async () => {
    await first.run();
    throw new Error('no');
  });
  void arbiter.run('a', second.run);
  const last = arbiter.run('a', third.run);
  await Promise.resolve();
  expect(log).toEqual(['1', '2']);
  first.finish();
  await expect(failing).rejects.toThrow('no');
  third.finish();
  await last;
  expect(log).toEqual(['1', '2', '3']);
  second.finish();
});

it('refuses what is too much of one master, not of another', async () => {
  const arbiter = new Arbiter(1, 2);
  const log: string[] = [];
  const blocking = work(log, 'first');
  void arbiter.run('a', blocking.run);
  const waiting = [1, 2].map(() => arbiter.run('a', async () => undefined));
  await expect(arbiter.run('a', async () => undefined)).rejects.toMatchObject({ condition: 'resource-constraint' });
  const other = arbiter.run('b', async () => 'b');
  blocking.finish();
  expect(await other).toBe('b');
  await Promise.all(waiting);
});

it('refuses all that waits when it is cleared', async () => {
  const arbiter = new Arbiter(1, 2);
  const blocking = work([], 'first');
  void arbiter.run('a', blocking.run);
  const waiting = arbiter.run('a', async () => undefined);
  arbiter.clear(new Error('the end'));
  await expect(waiting).rejects.toThrow('the end');
  blocking.finish();
});
