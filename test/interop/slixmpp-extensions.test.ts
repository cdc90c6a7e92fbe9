import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../../packages/cli/src/services.ts';
import { hasPythonPackage, runPeer } from './python.ts';

describe.skipIf(!hasPythonPackage('slixmpp'))('slixmpp (skipped unless the Python package slixmpp is there)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-slixmpp-'));
  let server: ThingwardServer;
  let args: readonly string[];

  beforeAll(async () => {
    const config = serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: directory,
      listen: { c2s: '127.0.0.1:0', http: '127.0.0.1:0' },
      archive: { default: 'always' },
    });
    server = await ThingwardServer.start(config, { services: SERVICES });
    for (const name of ['romeo', 'juliet']) await server.accounts.add(name, `secret-${name}`);
    args = ['127.0.0.1', String(server.address(0)?.port), server.tls.certificateFile, 'localhost'];
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  it('copies, archives, blocks, and resumes a broken stream', async () => {
    expect(await runPeer('slixmpp_messages.py', args)).toEqual({
      message: 'to the balcony',
      received: 'to the balcony',
      answer: 'from the balcony',
      sent: 'from the balcony',
      archived: ['page 0', 'page 1', 'page 2', 'page 3', 'page 4'],
      blocked: ['romeo@localhost'],
      refused: 'service-unavailable',
      pinged: true,
      managed: true,
      resumed: true,
      same: true,
      late: 'while you were away',
    });
  });

  it('publishes events, readings, a vCard and a file', async () => {
    expect(await runPeer('slixmpp_publishing.py', args)).toEqual({
      event: ['juliet@localhost', 'current', 'Yessongs'],
      items: ['current'],
      subscription: 'subscribed',
      notified: ['pubsub.localhost', 'r1'],
      forbidden: 'forbidden',
      card: 'Juliet Capulet',
      file: true,
    });
  });
});
