import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type Teds, tedsValue } from '../index.ts';
import { TimClient } from '../tim/index.ts';

const MAIN = fileURLToPath(new URL('../../dist/simulator/main.js', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** The program, after it has said something. */
async function started(listen: string) {
  const child = spawn(process.execPath, [MAIN, '--listen', listen], { timeout: 30_000 });
  children.push(child);
  const said = Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')]);
  return { child, said: String((await said)[0]).trim() };
}

it('is a TIM in a process of its own, and ends when it is told to', async () => {
  const { child, said } = await started('127.0.0.1:0');
  expect(said).toMatch(/^tim ready ieee1451-tcp:\/\/127\.0\.0\.1:\d+$/);
  const port = Number(said.split(':').at(-1));
  const client = await TimClient.connect({ host: '127.0.0.1', port });
  const closed = once(client, 'close');
  expect(tedsValue((await client.readTeds(0, 12)) as Teds, 'content')).toBe('Boiler');
  const second = await started(`127.0.0.1:${port}`);
  expect(second.said).toBe(
    `the simulated TIM can't listen on 127.0.0.1:${port}: the port is already in use by another program`,
  );
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  await closed;
});

it('says what an address to listen on looks like', async () => {
  expect((await started('1451')).said).toBe('--listen needs host:port such as 127.0.0.1:1451, got "1451"');
});
