import { describe, expect, it } from 'vitest';
import { runCommand } from './run-command.ts';

/** A TEDS somebody writes by hand: a pressure sensor. */
const SENSOR = {
  teds: 'transducer-channel',
  member: 255,
  version: 2,
  fields: [
    { name: 'channelType', value: 'sensor' },
    { name: 'physicalUnits', units: 'Pa' },
    { name: 'lowLimit', value: 0 },
    { name: 'highLimit', value: 160000 },
    {
      name: 'sample',
      fields: [
        { name: 'dataModel', value: 'float32' },
        { name: 'modelLength', value: 4 },
      ],
    },
  ],
};
const BLOCK =
  '030500ff030201' + '0b0100' + '0c0a0080807e827c80808080' + '0d0400000000' + '0e04481c4000' + '1206280101290104';

const run = (args: readonly string[], input?: string) => runCommand(['teds', ...args], input);

describe('thingward teds', () => {
  it('makes the octets of JSON, shows them, and makes the same of JSON and XML again', async () => {
    const block = await run(['encode', '--block'], JSON.stringify(SENSOR));
    expect(block).toEqual({ code: 0, stdout: `${BLOCK}\n`, stderr: '' });
    const { stdout: encoded } = await run(['encode'], JSON.stringify(SENSOR));
    expect(encoded).toMatch(new RegExp(`^0000002c${BLOCK}[0-9a-f]{4}\n$`));
    const shown = await run(['decode'], encoded);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toBe(
      [
        'transducer-channel TEDS of 1451.0, version 2',
        '  channelType    sensor',
        '  physicalUnits  Pa',
        '  lowLimit       0 Pa',
        '  highLimit      160000 Pa',
        '  sample',
        '    dataModel    float32',
        '    modelLength  4',
        '',
      ].join('\n'),
    );
    const json = await run(['decode', '--json', '--hex', encoded]);
    expect(JSON.parse(json.stdout)).toMatchObject({ teds: 'transducer-channel', member: 255, problems: [] });
    expect(await run(['encode'], json.stdout)).toMatchObject({ code: 0, stdout: encoded });
    const xml = await run(['decode', '--xml'], encoded);
    expect(xml.stdout).toContain("  <field name='highLimit' unit='Pa'>160000</field>\n");
    expect(await run(['encode'], xml.stdout)).toMatchObject({ code: 0, stdout: encoded });
    const packed = await run(['encode', '--format', 'base64'], json.stdout);
    expect(await run(['decode', '--xml'], packed.stdout)).toMatchObject({ code: 0, stdout: xml.stdout });
    expect(JSON.parse((await run(['encode', '--json'], xml.stdout)).stdout)).toEqual({
      octets: encoded.trim(),
      problems: [],
    });
  });

  it('says what is wrong, and where', async () => {
    const { stdout: encoded } = await run(['encode'], JSON.stringify(SENSOR));
    const wrong = `${encoded.trim().slice(0, -4)}0000`;
    const refused = await run(['decode', '--hex', wrong]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^thingward: the checksum is 0000, and that of these octets [0-9a-f]{4} \(at octet 46\); --keep-checksum shows it all the same\n$/,
    );
    expect(await run(['decode', '--keep-checksum', '--hex', wrong])).toMatchObject({
      code: 0,
      stderr: 'transducer-channel TEDS of 1451.0, version 2: checksum: is not that of the octets\n',
    });
    expect(await run(['decode', '--keep-checksum', '--strict', '--hex', wrong])).toMatchObject({ code: 1 });
    expect(await run(['decode', '--hex', BLOCK])).toMatchObject({
      code: 1,
      stderr: 'thingward: this is a data block without length and checksum: --block decodes it\n',
    });
    expect(await run(['decode', '--block', '--hex', '0304000101010d0100'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('channels: its value has 2 octets, not 1 (at octet 10)\n'),
    });
    const gallons = JSON.stringify(SENSOR).replace('Pa', 'kPa');
    expect(await run(['encode'], gallons)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"kPa" in "kPa" is no unit of a TEDS: a TEDS holds no factors or offsets'),
    });
    expect(await run(['encode'], '{')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('neither JSON nor XML'),
    });
    expect(await run(['encode', '--format', 'octal'], '{}')).toMatchObject({ code: 2 });
    expect(await run(['decode'])).toMatchObject({ code: 1, stderr: 'thingward: there is nothing to decode\n' });
  });
});
