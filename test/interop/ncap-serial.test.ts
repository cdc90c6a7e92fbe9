import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gateway, gatewayConfigSchema } from '@thingward/gateway';
import { BOILER_UUID } from '@thingward/ieee1451/simulator';
import { PeerError } from '@thingward/xmpp';
import { afterEach, describe, expect, it, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../../packages/ieee1451/dist/simulator/main.js', import.meta.url));
const hasSocat = spawnSync('socat', ['-V']).status === 0;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function run(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { timeout: 60_000, stdio: 'ignore' });
  cleanUps.push(() => child.kill('SIGKILL'));
  return child;
}

/** A TIM in a process of its own on a line of pseudo-terminals, through a real serial port. */
describe.skipIf(!hasSocat)('a TIM on a serial line', () => {
  it('joins, is read and set, is lost with its process and comes back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thingward-serial-'));
    cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
    const [near, far] = [join(folder, 'near'), join(folder, 'far')];
    run('socat', [`pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`]);
    await vi.waitFor(() => expect(existsSync(near) && existsSync(far)).toBe(true), { timeout: 5000 });
    const plugIn = () => run(process.execPath, [MAIN, '--serial', far, '--address', '2']);
    const tim = plugIn();
    const config = gatewayConfigSchema.parse({
      server: { domain: 'localhost' },
      dataDir: join(folder, 'state'),
      history: 'none',
      things: [
        {
          driver: 'ieee1451',
          name: 'NCAP',
          account: { jid: 'ncap@localhost', password: 'secret' },
          ieee1451: { serial: [{ path: near, addresses: [1, 2] }], admit: [BOILER_UUID], silenceMs: 1500 },
        },
      ],
    });
    const connect = () => Promise.reject(new PeerError('not-connected', 'there is no server'));
    const gateway = new Gateway(config, { connect });
    cleanUps.push(() => gateway.stop());
    await gateway.start();
    const [ncap] = gateway.ncaps;
    if (!ncap) throw new Error('there is no NCAP');
    const isPresent = () => ncap.tims[0]?.isPresent;
    await vi.waitFor(() => expect(isPresent()).toBe(true), { timeout: 10_000 });
    const signal = AbortSignal.timeout(60_000);
    expect((await ncap.read(BOILER_UUID, 1, signal)).samples[0]).toBeGreaterThan(273);
    await ncap.write(BOILER_UUID, 3, [0.5], signal);
    expect((await ncap.read(BOILER_UUID, 3, signal)).samples).toEqual([0.5]);
    tim.kill('SIGKILL');
    await vi.waitFor(() => expect(isPresent()).toBe(false), { timeout: 10_000 });
    plugIn();
    await vi.waitFor(() => expect(isPresent()).toBe(true), { timeout: 10_000 });
  });
});
