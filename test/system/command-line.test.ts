import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeTable, TABLES } from '@thingward/things';
import { presence } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Plant } from '../plant.ts';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as people run it: a process of its own, from the build. */
describe('the command line', () => {
  let plant: Plant;
  let profile: string;

  beforeAll(async () => {
    plant = await Plant.start();
    const owner = await plant.signIn('owner');
    await plant.claim(owner, 'plc');
    await owner.client.stop();
    profile = writeProfile('owner');
  });
  afterAll(() => plant?.stop());

  function writeProfile(name: string, password = `secret-${name}`): string {
    const file = join(plant.directory, `${name}-${password}.yaml`);
    const server = `{ host: 127.0.0.1, port: ${plant.ports.c2s}, fingerprint: "${plant.server.tls.fingerprint}" }`;
    writeFileSync(file, `jid: ${name}@localhost\npassword: ${password}\nserver: ${server}\n`);
    return file;
  }

  function run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [COMMAND, ...args],
        { cwd: plant.directory, timeout: 15_000 },
        (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
        },
      );
    });
  }

  const as = (file: string, ...args: string[]) => run(...args, '--profile', file);
  const lines = ({ stdout }: Outcome) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  /** So that there are changes to be seen. */
  const fillsTheTank = () => Object.assign(plant.process.inputs, { inletValveOpen: true, valveOpening: 60 });

  it('reads, as a table and as JSON', async () => {
    const table = await as(profile, 'read', 'plc@localhost');
    expect(table).toMatchObject({ code: 0, stdout: expect.stringMatching(/^FIELD +VALUE[\s\S]*Level +\d+\.\d %/) });
    const json = lines(await as(profile, 'read', 'plc@localhost', 'Level', '--json'));
    expect(json).toEqual([
      expect.objectContaining({ thing: 'plc@localhost', name: 'Level', unit: '%', type: 'numeric' }),
    ]);
  });

  it('sets, within limits', async () => {
    expect(await as(profile, 'set', 'plc@localhost', 'Valve Opening=40', 'Inlet Valve=off')).toMatchObject({ code: 0 });
    expect(plant.process.inputs).toMatchObject({ valveOpening: 40, inletValveOpen: false });
    const refused = await as(profile, 'set', 'plc@localhost', 'Valve Opening=400');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('must be from 0 to 100 %, got 400') });
    const unknown = await as(profile, 'set', 'plc@localhost', 'Valve=1');
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no parameter "Valve" (there are: "Inlet Valve"'),
    });
    const wrong = await as(profile, 'set', 'plc@localhost', 'Pump=maybe');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Pump takes a boolean, got "maybe"') });
    const shown = lines(await as(profile, 'set', 'plc@localhost', '--json'));
    expect(shown).toContainEqual(expect.objectContaining({ name: 'Valve Opening', value: '40.0', min: 0, max: 100 }));
  });

  it('says what was read back', async () => {
    const set = await as(profile, 'set', 'plc@localhost', 'Valve Opening=42.5', '--json');
    expect(lines(set)).toEqual([
      { thing: 'plc@localhost', set: { 'Valve Opening': '42.5' }, confirmed: [{ name: 'Valve Opening' }] },
    ]);
    expect(await as(profile, 'set', 'plc@localhost', 'Valve Opening=40')).toMatchObject({
      stderr: expect.stringContaining('Valve Opening = 40: set and read back'),
    });
    expect(await as(profile, 'set', 'plc@localhost', 'Valve Opening=30', '--no-answer')).toMatchObject({ code: 0 });
    await expect.poll(() => plant.process.inputs.valveOpening).toBe(30);
  });

  it('reads what a Thing was', async () => {
    const past = lines(
      await as(profile, 'read', 'plc@localhost', 'Level', '--types', 'historical', '--from', '1m', '--json'),
    );
    expect(past.length).toBeGreaterThan(2);
    expect(past[0]).toMatchObject({ name: 'Level', value: expect.stringMatching(/^\d+\.\d$/), unit: '%' });
    expect(past.every(({ types }) => (types as string[]).includes('historicalOther'))).toBe(true);
    const seconds = lines(
      await as(profile, 'read', 'plc@localhost', 'Level', '--types', 'historicalSecond', '--from', '1m', '--json'),
    );
    expect(seconds.length).toBeGreaterThan(1);
    expect(seconds.every(({ timestamp }) => String(timestamp).endsWith('.000Z'))).toBe(true);
    const table = await as(profile, 'read', 'plc@localhost', 'Level', '--types', 'momentary,historicalSecond');
    expect(table.stdout).toContain('historicalSecond');
  });

  it('reads at a time', async () => {
    const started = Date.now();
    const [level] = lines(await as(profile, 'read', 'plc@localhost', 'Level', '--when', '+2s', '--json'));
    expect(Date.parse(String(level?.timestamp))).toBeGreaterThanOrEqual(started + 1900);
  });

  it('watches what is published, also while the Thing is away', async () => {
    fillsTheTank();
    const watched = ['watch', 'plc@localhost', 'Volume', '--published', '--json'];
    const seen = await as(profile, ...watched, '--count', '2');
    expect(seen).toMatchObject({ code: 0, stderr: '' });
    expect(lines(seen).length).toBeGreaterThan(0);
    for (const line of lines(seen)) expect(line).toMatchObject({ thing: 'plc@localhost', name: 'Volume' });
    const stranger = await as(writeProfile('stranger'), ...watched);
    expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining('publishes nothing that you may read') });
    const refused = await as(profile, ...watched, '--poll');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--published goes without') });
    await plant.gateway.stop();
    try {
      const kept = await as(profile, ...watched, '--count', '1');
      expect(kept).toMatchObject({ code: 0, stderr: '' });
      expect(lines(kept)).toEqual([expect.objectContaining({ name: 'Volume' })]);
    } finally {
      await plant.startGateway();
    }
  });

  it('watches', async () => {
    fillsTheTank();
    const seen = await as(profile, 'watch', 'plc@localhost', 'Volume', '--count', '2', '--interval', '0.3');
    expect(seen).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^(\d{4}-\S+Z {2}Volume {2}\d+\.\d\d l\n){2}$/),
    });
  });

  it('searches and claims', { timeout: 60_000 }, async () => {
    const found = lines(await as(profile, 'things', 'search', 'NAME=T*', '--json'));
    expect(found).toEqual([expect.objectContaining({ jid: 'plc@localhost', owner: 'owner@localhost' })]);
    const label = await plant.label('meter');
    expect(await as(profile, 'things', 'claim', `${label}0`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no Thing with exactly these tags'),
    });
    expect(await as(profile, 'things', 'claim', 'IotDisco')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('at character 1'),
    });
    expect(await as(profile, 'things', 'claim', label)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('meter@localhost is yours'),
    });
    expect(await as(profile, 'read', 'meter@localhost', 'Voltage')).toMatchObject({ code: 0 });
    expect(await as(profile, 'things', 'disown', 'meter@localhost')).toMatchObject({ code: 0 });
    expect(await as(profile, 'read', 'meter@localhost')).toMatchObject({ code: 1 });
  });

  it('sends what it has found, and what is stored, as tables', { timeout: 60_000 }, async () => {
    const { client } = await plant.signIn('stranger');
    client.send(presence(undefined, {}));
    const tables: string[][][] = [];
    client.onMessage({ name: 'table', namespace: TABLES }, (_, table) => {
      tables.push(decodeTable(table).rows.map(({ cells }) => cells.map(({ text }) => text)));
    });
    const texts: string[] = [];
    client.onMessage({ name: 'body', namespace: 'jabber:client' }, (_, body) => {
      texts.push(body.text);
    });
    const send = ['--send', 'stranger@localhost'];
    expect(await as(profile, 'things', 'search', 'NAME=T*', ...send)).toMatchObject({ code: 0, stdout: '' });
    expect(await as(profile, 'history', 'plc@localhost', 'Level', ...send)).toMatchObject({ code: 0, stdout: '' });
    await expect.poll(() => tables.length).toBeGreaterThanOrEqual(2);
    expect(tables[0]).toEqual([
      ['thing', 'owner', 'tags'],
      ['plc@localhost', 'owner@localhost', expect.stringContaining('NAME=Tank')],
    ]);
    expect(tables[1]?.[0]?.slice(0, 3)).toEqual(['field', 'time', 'value']);
    expect(tables[1]?.[1]?.slice(0, 3)).toEqual([
      'Level',
      expect.stringMatching(/Z$/),
      expect.stringMatching(/^\d+\.\d %$/),
    ]);
    expect(texts[0]).toMatch(/thing +owner +tags\nplc@localhost +owner@localhost/);
    await client.stop();
  });

  it('shows history', async () => {
    const points = lines(await as(profile, 'history', 'plc@localhost', 'Level', '--from', '1m', '--json'));
    expect(points.length).toBeGreaterThan(2);
    expect(points[0]).toMatchObject({ name: 'Level', unit: '%', value: expect.stringMatching(/^\d+\.\d$/) });
  });

  it('says why a stranger gets nothing', async () => {
    const stranger = writeProfile('stranger');
    expect(await as(stranger, 'read', plant.addressOf('plc@localhost'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('forbidden'),
    });
    expect(await as(stranger, 'history', 'plc@localhost')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('forbidden'),
    });
  });

  it('says what is wrong with a sign-in, an address, an option, a verb', async () => {
    expect(await as(writeProfile('owner', 'wrong'), 'read', 'plc@localhost')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/owner@localhost .* can't sign in: not-authorized: wrong user name or password/),
    });
    expect(await run('read', 'plc@localhost', '--profile', 'none.yaml')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("can't read none.yaml"),
    });
    expect(await as(profile, 'read', 'pl c@localhost')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is no address of a Thing'),
    });
    expect(await as(profile, 'history', 'plc@localhost', '--from', 'soon')).toMatchObject({ code: 2 });
    expect(await run('reed')).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean read?') });
    expect(await run('serve')).toMatchObject({ code: 2, stderr: expect.stringContaining('give --config FILE') });
    expect(await run('read', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('Examples:') });
  });

  it('makes accounts while the server runs', async () => {
    const config = join(plant.directory, 'thingward.yaml');
    writeFileSync(config, 'domain: localhost\ndataDir: ./server\n');
    const made = await run('user', 'add', 'guest', '--generate', '--config', config);
    expect(made.code).toBe(0);
    expect(await run('user', 'add', 'guest', '--generate', '--config', config)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('exists already'),
    });
    const guest = writeProfile('guest', made.stdout.trim());
    expect(await as(guest, 'things', 'search')).toMatchObject({ code: 0 });
    expect(await run('user', 'rm', 'guest', '--config', config)).toMatchObject({ code: 0 });
    expect(lines(await run('user', 'list', '--json', '--config', config))[0]).not.toContainEqual(
      expect.objectContaining({ jid: 'guest@localhost' }),
    );
  });
});
