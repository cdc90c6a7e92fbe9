import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Adapter, type AdapterConfigInput, adapterConfigSchema } from '@thingward/gateway';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { expect, onTestFinished, vi } from 'vitest';

const WAY_TIMEOUT_MS = 20_000;

/** A server of ours with the accounts `scada` and `plant`, for masters and devices of others. */
export class AdapterStage {
  readonly directory = mkdtempSync(join(tmpdir(), 'thingward-adapters-'));
  #server: ThingwardServer | undefined;

  async start(): Promise<void> {
    this.#server = await ThingwardServer.start(
      serverConfigSchema.parse({
        domain: 'localhost',
        dataDir: join(this.directory, 'server'),
        listen: { c2s: '127.0.0.1:0' },
      }),
    );
    for (const name of ['scada', 'plant']) await this.#server.accounts.add(name, name);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    rmSync(this.directory, { recursive: true });
  }

  account(name: 'scada' | 'plant') {
    return { jid: `${name}@localhost`, password: name };
  }

  /** Both adapters, in one process, until the test is over. @returns the port where a master connects */
  async between(parts: Pick<AdapterConfigInput, 'ingress' | 'egress'>): Promise<number> {
    const config = adapterConfigSchema.parse({
      server: {
        domain: 'localhost',
        host: '127.0.0.1',
        port: this.#server?.address(0)?.port,
        fingerprint: this.#server?.tls.fingerprint,
      },
      dataDir: `adapter-${Math.random()}`,
      eventLog: 'none',
      ...parts,
    });
    const started = new Adapter(config, { baseDirectory: this.directory });
    onTestFinished(() => started.stop());
    await started.start();
    await started.ready(AbortSignal.timeout(WAY_TIMEOUT_MS));
    const door = () => started.status().find(({ ingress }) => ingress.length > 0)?.ingress[0];
    await vi.waitFor(() => expect(Object.values(door()?.routes ?? {})[0]).toBeDefined(), { timeout: WAY_TIMEOUT_MS });
    return Number(door()?.at.split(':')[1]);
  }
}
