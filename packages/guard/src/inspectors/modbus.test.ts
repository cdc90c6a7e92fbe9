import { encodeRequestPacket, encodeResponsePacket, type ModbusRequest } from '@thingward/modbus';
import { parseElement } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import type { FoundOperation } from '../operation.ts';
import { modbusInspector } from './modbus.ts';

const STANZA = { kind: 'iq', type: 'set', from: 'scada@a.b', to: 'plant@a.b', isNested: false } as const;
const found = (request: ModbusRequest) => modbusInspector.inspect(encodeRequestPacket({ unit: 7, request }), STANZA);
const short = ({ action, facts }: FoundOperation) =>
  [action, facts.table, facts.address, facts.lastAddress, facts.number].filter((part) => part !== undefined).join(' ');

describe('what a request would do', () => {
  it.each<[ModbusRequest, readonly string[]]>([
    [{ kind: 'read-coils', address: 19, quantity: 10 }, ['read coil 19 28']],
    [{ kind: 'read-input-registers', address: 0, quantity: 1 }, ['read inputRegister 0 0']],
    [{ kind: 'write-single-register', address: 5, value: 70 }, ['write holdingRegister 5 5 70.0']],
    [
      { kind: 'write-multiple-registers', address: 5, values: [1, 1, 2] },
      ['write holdingRegister 5 6 1.0', 'write holdingRegister 7 7 2.0'],
    ],
    [
      { kind: 'write-multiple-coils', address: 0, values: [true, true, false, true] },
      ['write coil 0 1 1.0', 'write coil 2 2 0.0', 'write coil 3 3 1.0'],
    ],
    [
      { kind: 'read-write-multiple-registers', readAddress: 1, quantity: 2, writeAddress: 9, values: [3] },
      ['read holdingRegister 1 2', 'write holdingRegister 9 9 3.0'],
    ],
    [{ kind: 'mask-write-register', address: 4, andMask: 1, orMask: 2 }, ['write holdingRegister 4 4']],
    [{ kind: 'diagnostics', subFunction: 1, values: [0] }, ['execute']],
    [{ kind: 'diagnostics', subFunction: 11, values: [0] }, ['read']],
    [{ kind: 'report-server-id' }, ['read']],
    [{ kind: 'write-file-record', records: [{ file: 4, record: 7, values: [9, 9] }] }, ['write file 7 8 9.0']],
    [{ kind: 'opaque', functionCode: 100, data: new Uint8Array(3) }, ['unknown']],
  ])('%j', (request, expected) => {
    const operations = found(request);
    expect(operations.map(short)).toEqual(expected);
    for (const { facts, resource } of operations) {
      expect(facts).toMatchObject({ protocol: 'modbus', unit: 7 });
      expect(resource).toEqual({ kind: 'thing', jid: 'plant@a.b' });
    }
  });

  it('judges many runs as if each value went to all addresses between', () => {
    const values = Array.from({ length: 1968 }, (_, i) => i % 2 === 0);
    expect(found({ kind: 'write-multiple-coils', address: 0, values }).map(short)).toEqual([
      'write coil 0 1966 1.0',
      'write coil 1 1967 0.0',
    ]);
  });
});

it('passes answers', () => {
  const response = { kind: 'exception', functionCode: 3, exceptionCode: 2 } as const;
  expect(modbusInspector.inspect(encodeResponsePacket({ unit: 1, response }), STANZA)).toEqual([]);
});

it.each([
  "<readCoils address='0' quantity='1'/><writeSingleCoil address='0' value='1'/>",
  "<writeSingleCoil address='0' value='1' x='1'/>",
  "<readCoils address='0' quantity='2001'/>",
  "<x:writeSingleCoil xmlns:x='urn:x' address='0' value='1'/>",
  '',
])('does not understand %s', (content) => {
  const payload = parseElement(`<request xmlns='urn:thingward:modbus:1' unit='1'>${content}</request>`);
  expect(modbusInspector.inspect(payload, STANZA)).toMatchObject([
    { action: 'unknown', facts: { protocol: 'modbus' } },
  ]);
});
