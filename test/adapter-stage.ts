import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Adapter, type AdapterConfigInput, adapterConfigSchema, type DeviceConnections } from '@thingward/gateway';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { expect, onTestFinished, vi } from 'vitest';

const WAY_TIMEOUT_MS = 20_000;

export type AdapterParts = Pick<AdapterConfigInput, 'ingress' | 'egress' | 'policies'>;

export interface AdapterPlace {
  /** The server's port, or that of a way to it. */
  readonly at?: number;
  /** Lines to devices that others use, too. */
  readonly connections?: DeviceConnections;
}

/** A server of ours with accounts for masters and devices, and adapters that end with each test. */
export class AdapterStage {
  readonly directory = mkdtempSync(join(tmpdir(), 'thingward-adapters-'));
  readonly #accounts: readonly string[];
  readonly #services: Parameters<typeof ThingwardServer.start>[1];
  #server: ThingwardServer | undefined;

  constructor(
    accounts: readonly string[] = ['scada', 'plant'],
    services: Parameters<typeof ThingwardServer.start>[1] = {},
  ) {
    this.#accounts = accounts;
    this.#services = services;
  }

  async start(): Promise<void> {
    const config = serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: join(this.directory, 'server'),
      listen: { c2s: '127.0.0.1:0' },
    });
    this.#server = await ThingwardServer.start(config, this.#services);
    for (const name of this.#accounts) await this.#server.accounts.add(name, name);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    rmSync(this.directory, { recursive: true });
  }

  account(name: string) {
    return { jid: `${name}@localhost`, password: name };
  }

  /** How the server is reached, as configurations have it. */
  server(at = this.port) {
    return { domain: 'localhost', host: '127.0.0.1', port: at, fingerprint: this.#server?.tls.fingerprint ?? '' };
  }

  get port(): number {
    return this.#server?.address(0)?.port ?? 0;
  }

  /** An adapter that is online, until the test is over. */
  async adapter(parts: AdapterParts, { at, connections }: AdapterPlace = {}): Promise<Adapter> {
    const config = adapterConfigSchema.parse({
      server: this.server(at),
      dataDir: `adapter-${Math.random()}`,
      eventLog: 'none',
      ...parts,
    });
    const started = new Adapter(config, { baseDirectory: this.directory, ...(connections ? { connections } : {}) });
    onTestFinished(() => started.stop());
    await started.start();
    await started.ready(AbortSignal.timeout(WAY_TIMEOUT_MS));
    return started;
  }

  /** Both ends in one adapter. @returns the port where a master connects */
  async between(parts: AdapterParts): Promise<number> {
    const started = await this.adapter(parts);
    await wayOpen(started);
    return doorOf(started);
  }
}

const doors = (adapter: Adapter) => adapter.status().flatMap(({ ingress }) => ingress);

/** The port of an adapter where masters connect. */
export function doorOf(adapter: Adapter): number {
  return Number(doors(adapter)[0]?.at.split(':')[1]);
}

/** Waits until there is a way from an adapter's door to the devices. */
export async function wayOpen(adapter: Adapter): Promise<void> {
  const open = () => expect(Object.values(doors(adapter)[0]?.routes ?? {})[0]).toBeDefined();
  await vi.waitFor(open, { timeout: WAY_TIMEOUT_MS });
}
