import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMAND_OCTETS, REPLY_OCTETS } from '../../test/arbitrary-messages.ts';
import {
  commandFromXml,
  commandLength,
  commandToXml,
  decodeCommand,
  decodeReply,
  encodeCommand,
  encodeReply,
  formatHex,
  Ieee1451Error,
  MODULE_COMMANDS,
  type ModuleCommand,
  moduleCommandNamed,
  parseHex,
  replyFromXml,
  replyLength,
  replyToXml,
} from '../index.ts';

const octets = (text: string) => parseHex(text.replaceAll(' ', '')) as Uint8Array;
const command = (name: string) => moduleCommandNamed(name) as ModuleCommand;

describe('messages between NCAP and TIM', () => {
  it.each([
    ['0001 01 02 0005 03 00000010', 'read-teds-segment', { accessCode: 3, offset: 16 }],
    ['0000 01 01 0001 01', 'query-teds', { accessCode: 1 }],
    ['0002 03 01 0004 00000000', 'read-data-set-segment', { offset: 0 }],
    ['0003 03 02 0008 00000000 41200000', 'write-data-set-segment', { offset: 0, octets: '41200000' }],
    ['0001 04 01 0000', 'operate', {}],
    ['0001 02 06 0001 01', 'set-buffered-state', { buffered: true }],
    ['0000 07 01 0000', 'reset', {}],
  ])('%s is %s', (text, name, body) => {
    const message = decodeCommand(octets(text));
    const { commandClass, commandFunction } = command(name);
    expect(message).toMatchObject({ commandClass, commandFunction, body });
    expect(encodeCommand(message)).toEqual(octets(text));
    expect(String(commandToXml(message))).toContain(` name='${name}'`);
  });

  it.each([
    [
      '01 000c 00 00 00000030 f22c 00001000',
      'query-teds',
      { attributes: 0, status: 0, size: 48, checksum: 0xf22c, maximumSize: 4096 },
    ],
    ['01 0006 00000000 beef', 'read-teds-segment', { offset: 0, octets: 'beef' }],
    ['ff 0001 01', 'read-trigger-state', { enabled: true }],
    ['00 0000', 'read-trigger-state', { octets: '' }],
    ['01 0002 0100', 'read-tim-version', { octets: '0100' }],
    // Not as the table says: carried.
    ['01 0001 02', 'read-trigger-state', { octets: '02' }],
  ])('%s answers %s', (text, name, body) => {
    const reply = decodeReply(octets(text), command(name));
    expect(reply.body).toEqual(body);
    expect(encodeReply(reply, command(name))).toEqual(octets(text));
  });

  it('commands of any octets are the same after XML', () => {
    let understood = 0;
    fc.assert(
      fc.property(COMMAND_OCTETS, (before) => {
        const message = decodeCommand(before);
        if (!('octets' in message.body)) understood++;
        expect(commandLength(before)).toBe(before.length);
        expect(formatHex(encodeCommand(message))).toBe(formatHex(before));
        const again = commandFromXml(parseElement(String(commandToXml(message))));
        expect(formatHex(encodeCommand(again))).toBe(formatHex(before));
      }),
      { numRuns: 1000 },
    );
    expect(understood).toBeGreaterThan(200);
  });

  it('replies of any octets are the same after XML', () => {
    fc.assert(
      fc.property(REPLY_OCTETS, ({ command: answered, octets: before }) => {
        const reply = decodeReply(before, answered);
        expect(replyLength(before)).toBe(before.length);
        expect(formatHex(encodeReply(reply, answered))).toBe(formatHex(before));
        const again = replyFromXml(parseElement(String(replyToXml(reply, answered))));
        expect(formatHex(encodeReply(again.reply, again.command))).toBe(formatHex(before));
      }),
      { numRuns: 1000 },
    );
  });

  it('has names that are one command each', () => {
    expect(new Set(MODULE_COMMANDS.map(({ name }) => name)).size).toBe(MODULE_COMMANDS.length);
    expect(MODULE_COMMANDS).toHaveLength(54);
  });

  it('says what is wrong, and where', () => {
    expect(() => decodeCommand(octets('0001 01'))).toThrow('the function has 1 octets, and 0 follow (at octet 3)');
    expect(() => decodeCommand(octets('0001 01 02 0005 03'))).toThrow(
      'the length says that 5 octets follow, and there are 1 (at octet 4)',
    );
    expect(() => decodeReply(octets('01 0000 00'))).toThrow(Ieee1451Error);
    const { commandClass, commandFunction } = command('read-teds-segment');
    const encode = (body: Record<string, number>) => encodeCommand({ channel: 1, commandClass, commandFunction, body });
    expect(() => encode({ accessCode: 3 })).toThrow('offset is missing: expected 0 to 4294967295');
    expect(() => encode({ accessCode: 300, offset: 0 })).toThrow('accessCode of 300: 0 to 255 are allowed');
    expect(() => encode({ accessCode: 3, offset: 0, size: 1 })).toThrow('there is no size in this message');
    const truth =
      "<command xmlns='urn:thingward:ieee1451:1' channel='1' name='write-trigger-state'><value name='enabled'>constructor</value></command>";
    expect(() => commandFromXml(parseElement(truth))).toThrow('holds "constructor": expected true or false');
    const stray =
      "<command xmlns='urn:thingward:ieee1451:1' channel='1' name='operate'><value name='x'>1</value></command>";
    expect(() => commandFromXml(parseElement(stray))).toThrow('there is no value x in this <command>');
    expect(() => commandFromXml(parseElement(stray.replace('operate', 'dance')))).toThrow('is "dance"');
  });
});
