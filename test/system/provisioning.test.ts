import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gateway, gatewayConfigSchema, gatewayLabels } from '@thingward/gateway';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../../packages/cli/src/services.ts';
import { type TokenCertificate, tokenCertificate } from '../../packages/services/test/token-certificate.ts';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A gateway that finds its provisioning server, and people who use the command. */
describe('provisioning, as people use it', { timeout: 90_000 }, () => {
  let directory: string;
  let server: ThingwardServer;
  let gateway: Gateway;
  let certificate: TokenCertificate;

  const gatewayConfig = (provisioning: unknown = { server: 'find', graceHours: 1 }) =>
    gatewayConfigSchema.parse({
      server: {
        domain: 'localhost',
        host: '127.0.0.1',
        port: server.address(0)?.port,
        fingerprint: server.tls.fingerprint,
      },
      dataDir: './gateway',
      history: 'none',
      provisioning,
      things: [
        {
          account: { jid: 'host@localhost', password: 'secret' },
          name: 'Host',
          tags: { SN: '1' },
          driver: 'direct-io',
          pollMs: 200,
          directIo: { disk: [], temperatures: false },
        },
      ],
    });

  async function startGateway(provisioning?: unknown): Promise<void> {
    gateway = new Gateway(gatewayConfig(provisioning), { baseDirectory: directory });
    await gateway.start();
    await gateway.ready(AbortSignal.timeout(10_000));
  }

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'thingward-provisioning-'));
    certificate = await tokenCertificate();
    writeFileSync(join(directory, 'reader.pem'), certificate.certificatePem);
    writeFileSync(join(directory, 'reader.key'), certificate.keyPem);
    server = await ThingwardServer.start(
      serverConfigSchema.parse({
        domain: 'localhost',
        dataDir: join(directory, 'server'),
        listen: { c2s: '127.0.0.1:0', component: '127.0.0.1:0' },
        components: { 'decisions.localhost': 'secret' },
        auth: { admins: ['owner@localhost'] },
        provisioning: { services: [{ name: 'dashboard', certificate: certificate.fingerprint }] },
      }),
      { services: SERVICES },
    );
    for (const name of ['host', 'owner', 'reader', 'decisions']) await server.accounts.add(name, 'secret');
    await startGateway();
    for (const name of ['owner', 'reader']) {
      const at = `{ host: 127.0.0.1, port: ${server.address(0)?.port}, fingerprint: "${server.tls.fingerprint}" }`;
      writeFileSync(join(directory, `${name}.yaml`), `jid: ${name}@localhost\npassword: secret\nserver: ${at}\n`);
    }
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function run(name: string, ...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [COMMAND, ...args, '--profile', join(directory, `${name}.yaml`)],
        { cwd: directory, timeout: 20_000 },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
    });
  }
  const lines = ({ stdout }: Outcome) =>
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  /** Where the Thing is: the reader is no friend of it and does not see its presence. */
  const thing = () => gateway.status().things[0]?.address ?? '';
  const read = (...args: string[]) => run('reader', 'read', thing(), '--json', ...args);

  it('what nobody has decided is refused, asked, and decided by command', async () => {
    const [label] = gatewayLabels(gatewayConfig(), directory);
    expect(await run('owner', 'things', 'claim', label?.uri ?? '')).toMatchObject({ code: 0 });
    await expect.poll(async () => (await read()).stderr, { timeout: 20_000 }).toContain('forbidden');
    let questions: Record<string, unknown>[] = [];
    await expect
      .poll(async () => (questions = lines(await run('owner', 'things', 'questions', '--json'))), { timeout: 20_000 })
      .toHaveLength(1);
    expect(questions[0]).toMatchObject({ id: 1, thing: 'host@localhost', kind: 'read', requester: 'reader@localhost' });
    const items = questions[0]?.items as { name: string }[];
    expect(items.map(({ name }) => name)).toContain('Memory Used');
    const allowed = await run('owner', 'things', 'allow', '1', '--names', 'Memory Used', '--lasts', '1d');
    expect(allowed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('reader@localhost may read host@localhost'),
    });
    await expect
      .poll(async () => lines(await read()).map(({ name }) => name), { timeout: 20_000 })
      .toEqual(['Memory Used']);
    expect((await run('owner', 'things', 'rules')).stdout).toMatch(
      /RULE +WHO[\s\S]*1 +reader@localhost +may read +host@localhost +Memory Used/,
    );
    expect(await run('owner', 'things', 'edit', '1', 'deny')).toMatchObject({ code: 0 });
    await expect.poll(async () => (await read()).stderr, { timeout: 20_000 }).toContain('forbidden');
    expect(await run('owner', 'things', 'withdraw', '1')).toMatchObject({ code: 0 });
  });

  it('somebody who has not asked can be allowed something, and mistakes are told', async () => {
    expect(await run('owner', 'things', 'allow', 'localhost', 'host@localhost', '--for', 'domain')).toMatchObject({
      code: 0,
    });
    await expect.poll(async () => (await read()).code, { timeout: 20_000 }).toBe(0);
    const [rule] = lines(await run('owner', 'things', 'rules', '--json'));
    expect(rule).toMatchObject({ scope: 'domain', subject: 'localhost', allow: true });
    expect(await run('owner', 'things', 'withdraw', String(rule?.id))).toMatchObject({ code: 0 });
    expect(await run('reader', 'things', 'allow', 'reader@localhost', 'host@localhost')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not yours'),
    });
    expect(await run('owner', 'things', 'withdraw', '99')).toMatchObject({ code: 1 });
    expect(await run('owner', 'things', 'allow', 'reader@localhost')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no number of a question'),
    });
  });

  it('a certificate is shown by its token, and challenged on the way', async () => {
    const shows = ['--certificate', 'reader.pem', '--key', 'reader.key'];
    expect((await read(...shows)).stderr).toContain('forbidden');
    const [question] = lines(await run('owner', 'things', 'questions', '--json'));
    expect(question?.tokens).toMatchObject({ user: expect.stringMatching(/^\S{20,}$/) });
    const allowed = await run('owner', 'things', 'allow', String(question?.id), '--for', 'user');
    expect(allowed).toMatchObject({ code: 0 });
    await expect.poll(async () => (await read(...shows)).code, { timeout: 20_000 }).toBe(0);
    expect((await read()).stderr).toContain('forbidden');
  });

  it('services are shown to administrators', async () => {
    const [service] = lines(await run('owner', 'things', 'services', '--json'));
    expect(service).toMatchObject({ name: 'dashboard', certificate: certificate.fingerprint, jid: 'reader@localhost' });
    expect(await run('reader', 'things', 'services')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('administrators'),
    });
  });

  it.each([
    [
      'a component',
      'decisions.localhost',
      () => `domain: decisions.localhost\nsecret: secret\nserver: { port: ${server.address(1)?.port} }\n`,
    ],
    [
      'a client',
      'decisions@localhost',
      () =>
        `account: { jid: decisions@localhost, password: secret }\nserver: { host: 127.0.0.1, port: ${server.address(0)?.port}, fingerprint: "${server.tls.fingerprint}" }\n`,
    ],
  ])('one that runs by itself as %s decides, too', async (name, jid, config) => {
    const file = join(directory, `${name.replace(' ', '-')}.yaml`);
    writeFileSync(file, `${config()}dataDir: ./${jid}\n`);
    const child = spawn(process.execPath, [
      COMMAND,
      'service',
      'provisioning',
      '--config',
      file,
      '--log-level',
      'error',
    ]);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      await expect.poll(() => said, { timeout: 15_000 }).toContain(`provisioning ready at ${jid}`);
      await gateway.stop();
      await startGateway(jid);
      const questions = () => run('owner', 'things', 'questions', '--server', jid, '--json');
      await expect
        .poll(
          async () => {
            await read();
            return lines(await questions())[0];
          },
          { timeout: 30_000 },
        )
        .toMatchObject({ requester: 'reader@localhost' });
      expect(await run('owner', 'things', 'allow', '1', '--server', jid)).toMatchObject({ code: 0 });
      await expect.poll(async () => (await read()).code, { timeout: 20_000 }).toBe(0);
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  });
});
