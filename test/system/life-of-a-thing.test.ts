import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { codesOn } from '../../packages/cli/test/codes-on-sheet.ts';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const COMMAND = file('packages/cli/bin/thingward.js');
const PLANT = file('packages/modbus/dist/simulator/main.js');
/** Between the gateway's start and what comes of it. */
const SOON = { timeout: 30_000, interval: 500 };

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Row = Readonly<Record<string, unknown>>;

/** A kind of Thing whose life is told. */
interface Life {
  readonly title: string;
  readonly device: string;
  /** Things of the maker's template, for a plant at a port. */
  things(port: number): readonly object[];
  readonly address: string;
  readonly field: string;
  readonly parameter: string;
}

const modbus = (map: string, unit: number, port: number) => ({
  driver: 'modbus-tcp',
  modbus: { ...parse(readFileSync(file(`packages/cli/demo/${map}`), 'utf8')), host: '127.0.0.1', port, unit },
});

const LIVES: readonly Life[] = [
  {
    title: 'a device with an account and a certificate of its own',
    device: 'lamp17',
    things: (port) => [modbus('yard-lamp.yaml', 3, port)],
    address: 'lamp17@localhost',
    field: 'Dimmer',
    parameter: 'Dimmer',
  },
  {
    title: 'a node behind a concentrator',
    device: 'rack1',
    things: (port) => [
      { ...modbus('tank-plc.yaml', 1, port), name: 'Tank', node: { nodeId: 'tank' }, tags: { MODEL: 'T1' } },
      { ...modbus('pump-meter.yaml', 2, port), name: 'Meter', node: { nodeId: 'meter' }, tags: { MODEL: 'M1' } },
    ],
    address: 'rack1@localhost#tank',
    field: 'Level',
    parameter: 'Inlet Valve',
  },
];

/**
 * The whole life of a Thing by documented commands, from its production to its second owner. What one command has printed is what the next
 * one gets; nothing else is known to anybody. Told for people in docs/life-of-a-thing.md.
 * @see XEP-0347 §3, P21451-1-4
 */
describe.each(LIVES)('the life of $title', { timeout: 120_000 }, ({ device, things, address, field, parameter }) => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-life-'));
  const gatewayDirectory = join(directory, 'made', 'gateways', device);
  const children: ChildProcess[] = [];
  let server: { readonly port: number; readonly plantPort: number };
  let gateway: ChildProcess;
  /** What a scanner reads on the sticker. */
  let sticker = '';

  function run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(process.execPath, [COMMAND, ...args], { cwd: directory, timeout: 40_000 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
    });
  }
  /** A person with a profile. */
  const as = (name: string, ...args: string[]) => run(...args, '--profile', `${name}.yaml`);
  const rows = ({ stdout }: Outcome): readonly Row[] =>
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);

  /** Starts a process and waits for a line it says when it is ready. */
  function start(args: readonly string[], ready: RegExp): Promise<{ child: ChildProcess; line: string }> {
    const child = spawn(process.execPath, args, { cwd: directory });
    children.push(child);
    let output = '';
    return new Promise((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-8000);
        const line = ready.exec(output)?.[0];
        if (line !== undefined) resolve({ child, line });
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${output}`)));
    });
  }
  async function startGateway(): Promise<void> {
    const config = join(gatewayDirectory, 'gateway.yaml');
    gateway = (await start([COMMAND, 'gateway', '--config', config], /gateway ready/)).child;
  }
  async function stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  }
  /** The owner looks what is asked of it, and says yes to what somebody wants. */
  async function allow(owner: string, kind: string): Promise<void> {
    let asked: Row | undefined;
    await expect
      .poll(async () => {
        asked = rows(await as(owner, 'things', 'questions', '--json')).find((question) => question.kind === kind);
        return asked;
      }, SOON)
      .toMatchObject({ requester: 'reader@localhost' });
    expect(await as(owner, 'things', 'allow', String(asked?.id))).toMatchObject({ code: 0 });
  }

  beforeAll(async () => {
    const port = await freePort();
    writeFileSync(
      join(directory, 'thingward.yaml'),
      stringify({ domain: 'localhost', dataDir: './data', listen: { c2s: `127.0.0.1:${port}` } }),
    );
    const { line } = await start([PLANT, '--listen', '127.0.0.1:0'], /plc ready .*:\d+\n/);
    server = { port, plantPort: Number(/:(\d+)\n/.exec(line)?.[1]) };
    await start([COMMAND, 'serve', '--config', 'thingward.yaml'], /thingward ready/);
    for (const name of ['alice', 'bob', 'reader']) {
      expect(await run('user', 'add', name, '--generate', '--profile', `${name}.yaml`)).toMatchObject({ code: 0 });
    }
  });
  afterAll(async () => {
    for (const child of children.reverse()) await stop(child);
    rmSync(directory, { recursive: true, force: true });
  });

  it('1. production: credentials, configuration and sticker are made from the list of the factory', async () => {
    writeFileSync(join(directory, 'list.csv'), `name,label,SN\n${device},Number 17,17\n`);
    const address = { host: '127.0.0.1', port: server.port };
    const template = { server: address, provisioning: 'find', things: things(server.plantPort) };
    writeFileSync(join(directory, 'template.yaml'), stringify(template));
    const made = await run(
      ...['device', 'enrol', '--csv', 'list.csv', '--out', 'made', '--tag', 'MAN=example.org'],
      ...['--certificates', '--gateway', 'template.yaml'],
    );
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('1 enrolled') });
  });

  it('2. and 3. the Thing finds its server, and signs in to the account that is its own', async () => {
    await startGateway();
    await expect
      .poll(async () => rows(await run('device', 'list', '--json'))[0], SOON)
      .toMatchObject({ lastLoginAt: expect.any(String) });
  });

  it('4. and 5. it finds the registry and registers: whoever has not seen the sticker finds nothing', async () => {
    expect(rows(await as('alice', 'things', 'search', '--json'))).toEqual([]);
    expect(await as('alice', 'things', 'claim', 'IoTDisco;SN:17;MAN:example.org;KEY:guessed')).toMatchObject({
      code: 1,
    });
  });

  it('6. the sticker is scanned', () => {
    const codes = codesOn(readFileSync(join(directory, 'made', 'labels', 'labels-0001.svg'), 'utf8'));
    sticker = codes[0] ?? '';
    expect(sticker).toMatch(/^IoTDisco;.*KEY:[\da-f]{32}/);
  });

  it('7. its owner claims it', async () => {
    let claimed: Outcome | undefined;
    await expect
      .poll(async () => {
        claimed = await as('alice', 'things', 'claim', sticker, '--json');
        return claimed.code;
      }, SOON)
      .toBe(0);
    const [row] = rows(claimed as Outcome);
    expect(row).toMatchObject({ thing: address.split('#')[0], online: true });
    expect((await as('alice', 'read', address, field, '--json')).code).toBe(0);
  });

  it('8. and 9. it leaves decisions to the provisioning server: a friend is asked about', async () => {
    expect(await as('reader', 'things', 'befriend', address)).toMatchObject({ code: 1 });
    await allow('alice', 'friend');
    await expect.poll(async () => (await as('reader', 'things', 'befriend', address)).code, SOON).toBe(0);
  });

  it('10. the friend reads, once the owner allows it', async () => {
    await expect.poll(async () => (await as('reader', 'read', address)).stderr, SOON).toContain('forbidden');
    await allow('alice', 'read');
    await expect
      .poll(async () => rows(await as('reader', 'read', address, field, '--json')), SOON)
      .toEqual([expect.objectContaining({ name: field })]);
  });

  it('11. and controls, once the owner allows it', async () => {
    expect(await as('reader', 'set', address, `${parameter}=1`)).toMatchObject({ code: 1 });
    await allow('alice', 'control');
    await expect.poll(async () => (await as('reader', 'set', address, `${parameter}=1`)).code, SOON).toBe(0);
  });

  it('12. the owner says where it is', async () => {
    expect(await as('alice', 'things', 'update', address, 'ROOM=Cellar', '#LAT=59.33')).toMatchObject({ code: 0 });
    expect(await as('reader', 'things', 'update', address, 'ROOM=Elsewhere')).toMatchObject({ code: 1 });
  });

  it('13. anybody finds it, as it is public', async () => {
    const found = rows(await as('bob', 'things', 'search', 'ROOM=Cellar', 'LAT>59', '--json'));
    expect(found).toMatchObject([{ jid: address.split('#')[0], owner: 'alice@localhost' }]);
    expect(JSON.stringify(found)).not.toContain('KEY');
  });

  it('14. who sets it back to what it was when it was made can’t have it', async () => {
    await stop(gateway);
    rmSync(join(gatewayDirectory, 'gateway-data'), { recursive: true });
    await startGateway();
    await expect.poll(async () => (await as('alice', 'read', address, field)).code, SOON).toBe(0);
    expect(await as('bob', 'things', 'claim', sticker)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('somebody else has claimed it'),
    });
    expect((await as('bob', 'read', address)).code).toBe(1);
  });

  it('15. it is sold: the owner disowns it', async () => {
    expect(await as('bob', 'things', 'disown', address)).toMatchObject({ code: 1 });
    expect(await as('alice', 'things', 'disown', address)).toMatchObject({ code: 0 });
  });

  it('16. the next owner scans the same sticker', async () => {
    await expect.poll(async () => (await as('bob', 'things', 'claim', sticker, '--private')).code, SOON).toBe(0);
    await expect.poll(async () => (await as('bob', 'read', address, field)).code, SOON).toBe(0);
  });

  it('the former owner and its friends find, see, read and control it no more', async () => {
    const denied = [
      ['things', 'befriend', address],
      ['read', address],
      ['set', address, `${parameter}=0`],
      ['things', 'claim', sticker],
      ['things', 'update', address, 'ROOM=Mine'],
      ['things', 'disown', address],
    ];
    for (const former of ['alice', 'reader']) {
      expect(rows(await as(former, 'things', 'search', 'SN=17', '--json'))).toEqual([]);
      expect(rows(await as(former, 'things', 'search', '--json'))).toEqual([]);
    }
    // All of it at once, as each waits in vain for a while.
    const tried = ['alice', 'reader'].flatMap((former) => denied.map((args) => [former, args] as const));
    const outcomes = await Promise.all(
      tried.map(async ([former, args]) => [...args, (await as(former, ...args)).code]),
    );
    expect(outcomes).toEqual(tried.map(([, args]) => [...args, 1]));
    expect(rows(await as('alice', 'things', 'questions', '--json'))).toEqual([]);
    expect((await as('bob', 'set', address, `${parameter}=0`)).code).toBe(0);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
