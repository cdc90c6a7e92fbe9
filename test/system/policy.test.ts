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
describe('thingward policy', { timeout: 60_000 }, () => {
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
