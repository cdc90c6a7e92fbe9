import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));
const ENTITIES = 'groups: { operators: [ana@localhost] }\nthings: { plc@localhost: { owner: owner@localhost } }\n';
const OWN =
  '@id("range")\n@description("Operators set up to 80.")\npermit(principal in Group::"operators", action == Action::"set", resource)\n' +
  'when { context has number && context.number.lessThanOrEqual(decimal("80.0")) };\n';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server in a process of its own, and the command line of its administrator. */
describe('thingward policy', { timeout: 120_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-policy-'));
  const policies = join(directory, 'mine');
  const said: string[] = [];
  let server: ChildProcess;

  beforeAll(async () => {
    const port = await freePort();
    const config = join(directory, 'thingward.yaml');
    writeFileSync(
      config,
      `domain: localhost\ndataDir: ./data\npolicies: ./in-force\nlisten: { c2s: "127.0.0.1:${port}" }\nauth: { admins: [owner@localhost] }\n`,
    );
    mkdirSync(policies);
    writeFileSync(join(policies, 'entities.yaml'), ENTITIES);
    writeFileSync(join(policies, 'own.cedar'), OWN);
    await run(['user', 'add', 'owner', '--password-stdin', '--config', config], 'owner');
    server = spawn(process.execPath, [COMMAND, 'serve', '--config', config, '--log-level', 'warn'], { cwd: directory });
    createInterface({ input: server.stderr as NodeJS.ReadableStream }).on('line', (line) => said.push(line));
    await vi.waitFor(() => expect(said.join('\n')).toContain('certificate:'), { timeout: 30_000 });
    const fingerprint = /sha256:\S+/.exec(said.join('\n'))?.[0] ?? '';
    const door = `{ host: 127.0.0.1, port: ${port}, fingerprint: "${fingerprint}" }`;
    writeFileSync(join(directory, 'owner.yaml'), `jid: owner@localhost\npassword: owner\nserver: ${door}\n`);
  });
  afterAll(() => {
    server?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  function run(args: readonly string[], input?: string): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [COMMAND, ...args],
        { cwd: directory, timeout: 30_000 },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
      child.stdin?.end(input === undefined ? '' : `${input}\n`);
    });
  }

  const asOwner = (...args: readonly string[]) => run(['policy', ...args, '--profile', 'owner.yaml']);
  const lines = ({ stdout }: Outcome) => stdout.split('\n').filter((line) => line !== '');

  it('checks, tests and explains policies of a folder', async () => {
    expect(await run(['policy', 'check', 'mine'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'mine: 1 policy in 2 files\n',
    });
    writeFileSync(join(policies, 'bad.cedar'), '\npermit(principal, action, resource) when { context.nmae == "x" };\n');
    const bad = await run(['policy', 'check', 'mine', '--json']);
    expect(bad.code).toBe(1);
    expect(JSON.parse(lines(bad)[0] ?? '')).toMatchObject({ file: 'bad.cedar', line: 2, severity: 'error' });
    rmSync(join(policies, 'bad.cedar'));
    writeFileSync(
      join(policies, 'own.test.yaml'),
      '- { name: within, principal: ana@localhost, action: set, resource: plc@localhost, context: { number: 80 }, expect: permit, by: [range] }\n',
    );
    expect(await run(['policy', 'test', 'mine'])).toMatchObject({
      code: 0,
      stdout: 'ok      own.test.yaml:1  within\n',
    });
    const question = ['--principal', 'ana@localhost', '--action', 'set', '--resource', 'plc@localhost'];
    const why = await run(['policy', 'explain', 'mine', ...question, '--context', 'number=80.00001']);
    expect(why.stdout).toMatch(/^deny\n {2}nothing permits it\n/);
    expect(why.stdout).toMatch(/not by permit range \(own\.cedar:1\).*\n {4}since this does not hold: when .*80\.0/);
    expect(
      (await run(['policy', 'explain', 'mine', '--principal', '@', '--action', 'set', '--resource', 'x'])).code,
    ).toBe(2);
  });

  it('applies them to a running server, on trial and in force, lists them, and takes them away', async () => {
    expect((await asOwner('apply', 'mine', '--shadow')).stderr).toContain('1 policy is on trial');
    expect((await asOwner('apply', 'mine')).stderr).toContain('1 policy is in force');
    expect(existsSync(join(directory, 'in-force', 'own.cedar'))).toBe(true);
    const listed = lines(await asOwner('list', '--json')).map((line) => JSON.parse(line));
    expect(listed).toContainEqual(expect.objectContaining({ id: 'range', at: 'own.cedar:1', effect: 'permit' }));
    expect((await asOwner('apply', '--none', '--shadow')).stderr).toContain('there are no policies any more');
    expect(lines(await asOwner('list', '--shadow', '--json'))).toEqual([]);
  });

  const role = (...args: readonly string[]) => run(['user', 'role', ...args, '--profile', 'owner.yaml']);

  it('warns of groups that nobody is in, and that no role is called like', async () => {
    writeFileSync(
      join(policies, 'night.cedar'),
      'permit(principal in Group::"night", action == Action::"execute", resource);\n',
    );
    const warning = 'night.cedar:1:1: warning: there is no Group::"night"';
    expect((await run(['policy', 'check', 'mine'])).stdout).toContain(warning);
    expect((await asOwner('apply', 'mine')).stderr).toContain(warning);
    expect((await role('add', 'owner', 'night')).stderr).toContain('owner@localhost has the role night');
    expect((await asOwner('apply', 'mine')).stderr).not.toContain(warning);
    rmSync(join(policies, 'night.cedar'));
  });

  it('gives accounts roles and takes them', async () => {
    expect((await role('add', 'owner', 'day')).stderr).toContain('owner@localhost has the role day');
    expect(lines(await role('list', 'owner', '--json')).map((line) => JSON.parse(line))).toEqual([
      { jid: 'owner@localhost', role: 'day', source: 'administrator' },
      { jid: 'owner@localhost', role: 'night', source: 'administrator' },
    ]);
    expect(await role('add', 'nobody', 'night')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no account nobody@localhost'),
    });
    for (const name of ['day', 'night']) expect((await role('rm', 'owner', name)).code).toBe(0);
    expect((await role('rm', 'owner', 'night')).code).toBe(1);
    expect(lines(await role('list', '--json'))).toEqual([]);
  });

  it('explains what a gateway has learned', async () => {
    writeFileSync(
      join(directory, 'gateway.yaml'),
      'server: { domain: localhost }\ndataDir: ./gateway-data\npolicies: ./mine\nthings:\n  - { driver: direct-io, name: Host, account: { jid: plc@localhost, password: x } }\n',
    );
    const baseline = (...args: readonly string[]) =>
      run(['policy', 'baseline', 'ana@localhost', 'plc@localhost', ...args, '--json']);
    const explained = async () => JSON.parse((await baseline('--gateway', 'gateway.yaml')).stdout);
    expect((await explained()).kinds).toEqual([]);
    const day = Date.parse('2026-11-20T00:00:00Z');
    const profile = {
      ...{
        principal: 'ana@localhost',
        thing: 'plc@localhost',
        since: day,
        last: day,
        isNewcomer: false,
        operations: 7,
      },
      ...{ peak: 2, peakAt: day, kinds: [['control: set Speed', 7, day, day]], ranges: [], raised: [] },
    };
    mkdirSync(join(directory, 'gateway-data'));
    writeFileSync(
      join(directory, 'gateway-data', 'baseline.jsonl'),
      `${JSON.stringify({ version: 1, things: [['plc@localhost', day]] })}\n${JSON.stringify(profile)}\n`,
    );
    expect(await explained()).toMatchObject({ operations: 7, kinds: [{ kind: 'control: set Speed', count: 7 }] });
    expect((await baseline('--gateway', 'gateway.yaml', '--adapter', 'adapter.yaml')).code).toBe(2);
  });

  it('keeps somebody away for a while', async () => {
    expect((await asOwner('quarantine', 'eve@localhost', '--minutes', '5', '--reason', 'strange')).code).toBe(0);
    const [entry] = lines(await asOwner('quarantine', '--json')).map((line) => JSON.parse(line));
    expect(entry).toMatchObject({ jid: 'eve@localhost', reason: 'strange', by: 'owner@localhost' });
    expect((await asOwner('quarantine', 'eve@localhost', '--release')).stderr).toContain('1 released');
    expect(lines(await asOwner('approvals', '--json'))).toEqual([]);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
