import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../../packages/cli/src/services.ts';
import { type AccountSource, madeAccounts } from './accounts.ts';
import type { Target } from './actor.ts';
import { knownDeviations } from './deviations.ts';
import { perform } from './perform.ts';
import { readScenes } from './scripts.ts';
import { type Offer, survey } from './survey.ts';

/** With THINGWARD_STAGE_WORKERS=N the server has N worker processes; the packages must have been built. */
const workers = Number(process.env.THINGWARD_STAGE_WORKERS ?? 0);
const workerProgram = fileURLToPath(new URL('../../packages/server/dist/workers/worker-main.js', import.meta.url));

/** What our server has to offer, so that no scene is passed over for want of something it once had. */
const directory = mkdtempSync(join(tmpdir(), 'thingward-conformance-'));
let server: ThingwardServer;
let target: Target;
let accounts: AccountSource;
let offer: Offer;

beforeAll(async () => {
  const config = serverConfigSchema.parse({
    domain: 'localhost',
    dataDir: directory,
    listen: { c2s: '127.0.0.1:0', http: '127.0.0.1:0' },
    workers,
    limits: { maxConnectionsPerAddress: 1000, authTimeoutMs: 10_000 },
  });
  server = await ThingwardServer.start(config, { services: SERVICES, workerProgram });
  const port = server.address(0)?.port ?? 0;
  target = { host: '127.0.0.1', port, domain: 'localhost', tls: 'starttls', patienceMs: 4000, settleMs: 20 };
  accounts = madeAccounts('localhost', (local, password) => server.accounts.add(local, password));
  offer = await survey(target, accounts);
});
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true });
});

const known = knownDeviations('Thingward');
const scenes = readScenes();
const scripts = new Set(scenes.map(({ script }) => script));

describe.concurrent.each([...scripts])('%s', (script) => {
  it.each(scenes.filter((scene) => scene.script === script))('$title ($cites)', async (scene) => {
    const { outcome } = await perform(scene, target, accounts, offer);
    const why = known.get(`${script}: ${scene.title}`);
    expect(outcome).toEqual(why === undefined ? { kind: 'passed' } : { kind: 'failed', why: expect.any(String) });
  });
});
