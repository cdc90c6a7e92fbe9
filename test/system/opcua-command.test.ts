import { describe, expect, it } from 'vitest';
import { runCommand } from './run-command.ts';

const HELLO =
  '48454c4634000000' +
  '00000000' +
  '00000100' +
  '00000100' +
  '00000000' +
  '00000000' +
  '140000006f70632e7463703a2f2f706c616e743a34383430';
const ERROR = '45525246' + '10000000' + '00008280' + 'ffffffff';

const run = (args: readonly string[], input?: string) => runCommand(['opcua', ...args], input);

describe('thingward opcua', () => {
  it('shows messages as XML, and makes the same octets of it', async () => {
    const decoded = await run(['decode'], `${HELLO}${ERROR}`);
    expect(decoded).toMatchObject({ code: 0, stderr: '' });
    expect(decoded.stdout).toContain("  <error error='BadTcpInternalError'/>\n");
    expect(decoded.stdout).toContain("endpointUrl='opc.tcp://plant:4840'");
    expect(await run(['encode'], decoded.stdout)).toMatchObject({ code: 0, stdout: `${HELLO}${ERROR}\n` });
    const packed = await run(['encode', '--format', 'base64'], decoded.stdout);
    expect(Buffer.from(packed.stdout, 'base64').toString('hex')).toBe(`${HELLO}${ERROR}`);
  });

  it('gives JSON', async () => {
    const { stdout } = await run(['decode', '--hex', HELLO, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'transport',
      type: 'HEL',
      body: { name: 'Hello', value: { receiveBufferSize: 65_536, endpointUrl: 'opc.tcp://plant:4840' } },
    });
    const compact = await run(['decode', '--compact', '--hex', ERROR]);
    expect(compact.stdout).toMatch(/^<message .*<\/message>\n$/);
    const encoded = await run(['encode', '--json'], compact.stdout);
    expect(JSON.parse(encoded.stdout)).toMatchObject({ octets: ERROR, type: 'ERR' });
  });

  it('keeps what can not be seen', async () => {
    const secured = '4d534746' + '14000000' + '01000000' + '02000000' + 'deadbeef';
    const { stdout } = await run(['decode', '--secured', '--hex', secured]);
    expect(stdout).toContain('<secured>3q2+7w==</secured>');
    expect(await run(['encode'], stdout)).toMatchObject({ code: 0, stdout: `${secured}\n` });
  });

  it('says what is wrong, and where', async () => {
    expect(await run(['decode', '--hex', `${ERROR}4d5347580c000000`])).toMatchObject({
      code: 1,
      stderr: 'thingward: "MSGX" is no type of a message (at octet 16)\n',
    });
    expect(await run(['decode', '--hex', ERROR.slice(0, -2)])).toMatchObject({
      code: 1,
      stderr: 'thingward: the message is not complete (at octet 0)\n',
    });
    expect(await run(['decode'])).toMatchObject({ code: 1, stderr: 'thingward: there is nothing to decode\n' });
    expect(await run(['encode', '--format', 'octal'], '<message/>')).toMatchObject({ code: 2 });
    expect(
      await run(['encode'], "<message xmlns='urn:thingward:opcua:1' type='ERR'><error error='Sorry'/></message>"),
    ).toMatchObject({
      code: 1,
      stderr:
        'thingward: message/error/@error: "Sorry" is not the name of a status code, or 0x and eight hexadecimal digits\n',
    });
  });
});
