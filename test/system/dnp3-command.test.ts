import { describe, expect, it } from 'vitest';
import { runCommand } from './run-command.ts';

const FRAME = '056414f3010000040a3bc0c3013c02063c03063c04063c01069a12';
const RESET = '056405c001000004e921';

const run = (args: readonly string[], input?: string) => runCommand(['dnp3', ...args], input);

describe('thingward dnp3', () => {
  it('shows packets as XML, and makes the same octets of it', async () => {
    const decoded = await run(['decode'], `${FRAME}${RESET}`);
    expect(decoded).toMatchObject({ code: 0, stderr: '' });
    expect(decoded.stdout).toContain(
      "  <fragment function='read' sequence='3'>\n    <objects group='60' variation='2'",
    );
    expect(decoded.stdout.match(/<packet /g)).toHaveLength(2);
    expect(await run(['encode'], decoded.stdout)).toMatchObject({ code: 0, stdout: `${FRAME}${RESET}\n` });
    const packed = await run(['encode', '--format', 'base64'], decoded.stdout);
    expect(Buffer.from(packed.stdout, 'base64').toString('hex')).toBe(`${FRAME}${RESET}`);
  });

  it('gives JSON', async () => {
    const { stdout } = await run(['decode', '--hex', FRAME, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      destination: 1,
      source: 1024,
      fragment: { functionName: 'read', objects: [{ group: 60, variation: 2, range: 'all' }, {}, {}, {}] },
    });
    const fragment = await run(['decode', '--fragment', '--compact', '--hex', 'c0013c0206']);
    expect(fragment.stdout).toMatch(
      /^<fragment xmlns='urn:thingward:dnp3:1' function='read' sequence='0'>.*<\/fragment>\n$/,
    );
    const encoded = await run(['encode', '--json'], fragment.stdout);
    expect(JSON.parse(encoded.stdout)).toMatchObject({ octets: 'c0013c0206', functionName: 'read' });
  });

  it('says what is wrong, and where', async () => {
    expect(await run(['decode', '--hex', FRAME.replace('3bc0', '3bc1')])).toMatchObject({
      code: 1,
      stderr: 'thingward: the CRC of a block is wrong (at octet 25)\n',
    });
    expect(await run(['decode', '--hex', FRAME.slice(0, -2)])).toMatchObject({
      code: 1,
      stderr: 'thingward: the frame is not complete (at octet 0)\n',
    });
    expect(await run(['decode', '--hex', '056'])).toMatchObject({ code: 2 });
    expect(await run(['decode'])).toMatchObject({ code: 1, stderr: 'thingward: there is nothing to decode\n' });
    expect(await run(['encode', '--format', 'octal'], '<packet/>')).toMatchObject({ code: 2 });
    expect(await run(['encode'], "<packet xmlns='urn:thingward:dnp3:1' destination='1' source='2'/>")).toMatchObject({
      code: 1,
      stderr: 'thingward: a packet has a <frame> at least\n',
    });
  });
});
