import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REQUESTS, RESPONSES } from '../../test/arbitrary-pdus.ts';
import { ModbusError } from '../error.ts';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../functions.ts';
import type { ModbusRequest, ModbusResponse } from '../pdu.ts';
import {
  decodeRequestPacket,
  decodeResponsePacket,
  encodeRequestPacket,
  encodeResponsePacket,
  MODBUS_NAMESPACE,
} from './packet.ts';

const unit = fc.integer({ min: 0, max: 255 });
const transaction = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined });
const request = (content: string, attributes = "unit='1'") =>
  parseElement(`<request xmlns='${MODBUS_NAMESPACE}' ${attributes}>${content}</request>`);
const response = (content: string) =>
  parseElement(`<response xmlns='${MODBUS_NAMESPACE}' unit='1'>${content}</response>`);

it('is the same bytes after bytes -> XML -> bytes, for every request and response', () => {
  fc.assert(
    fc.property(REQUESTS, RESPONSES, unit, transaction, (asked, answered, unit, transaction) => {
      const question = encodeRequest(asked);
      const there = encodeRequestPacket({ unit, transaction, request: decodeRequest(question) });
      const arrived = decodeRequestPacket(parseElement(there.toString()));
      expect(encodeRequest(arrived.request)).toEqual(question);
      expect([arrived.unit, arrived.transaction]).toEqual([unit, transaction]);
      const answer = encodeResponse(answered);
      const back = encodeResponsePacket({ unit, transaction, response: decodeResponse(answer) });
      const returned = decodeResponsePacket(parseElement(back.toString()));
      expect(encodeResponse(returned.response as ModbusResponse)).toEqual(answer);
    }),
  );
});

describe('what people read', () => {
  it.each<[ModbusRequest, string]>([
    [
      { kind: 'read-holding-registers', address: 107, quantity: 3 },
      "<readHoldingRegisters address='107' quantity='3'/>",
    ],
    [
      { kind: 'write-multiple-coils', address: 19, values: [true, false, true] },
      "<writeMultipleCoils address='19' values='1 0 1'/>",
    ],
    [{ kind: 'write-single-coil', address: 172, value: true }, "<writeSingleCoil address='172' value='true'/>"],
    [{ kind: 'report-server-id' }, '<reportServerId/>'],
    [
      { kind: 'read-file-record', records: [{ file: 4, record: 1, length: 2 }] },
      "<readFileRecord><record file='4' record='1' length='2'/></readFileRecord>",
    ],
    [{ kind: 'opaque', functionCode: 100, data: Uint8Array.of(10, 255) }, "<opaque functionCode='100' data='0AFF'/>"],
  ])('%j', (asked, expected) => {
    const packet = encodeRequestPacket({ unit: 1, transaction: 7, request: asked });
    expect(packet.toString()).toBe(
      `<request xmlns='${MODBUS_NAMESPACE}' unit='1' transaction='7'>${expected}</request>`,
    );
  });

  it.each<[ModbusResponse | undefined, string]>([
    [{ kind: 'read-input-registers', values: [215, 0] }, "<readInputRegisters values='215 0'/>"],
    [{ kind: 'exception', functionCode: 3, exceptionCode: 2 }, "<exception functionCode='3' exceptionCode='2'/>"],
    [
      { kind: 'read-file-record', records: [[1, 2], [3]] },
      "<readFileRecord><record values='1 2'/><record values='3'/></readFileRecord>",
    ],
    [undefined, '<broadcast/>'],
  ])('%j', (answered, expected) => {
    const packet = encodeResponsePacket({ unit: 1, response: answered });
    expect(packet.toString()).toBe(`<response xmlns='${MODBUS_NAMESPACE}' unit='1'>${expected}</response>`);
    expect(decodeResponsePacket(packet)).toEqual({ unit: 1, response: answered });
  });

  it('takes booleans and lists as XML Schema has them', () => {
    const { request: read } = decodeRequestPacket(request("<writeMultipleCoils address='0' values=' true 0&#10;1 '/>"));
    expect(read).toEqual({ kind: 'write-multiple-coils', address: 0, values: [true, false, true] });
  });
});

describe('what nobody could judge is refused', () => {
  it.each([
    ['', /holds no function/],
    ["<readCoils address='0' quantity='1'/><writeSingleCoil address='0' value='1'/>", /more than one/],
    ["<readCoils xmlns='urn:other' address='0' quantity='1'/>", /another namespace/],
    ["<format address='0'/>", /request\/format: no such function/],
    ["<readCoils address='0'/>", /request\/readCoils\/@quantity: is missing/],
    ["<readCoils address='0' quantity='1' force='1'/>", /@force: no such attribute/],
    ["<readCoils address='-1' quantity='1'/>", /"-1" is not a number from 0 to 65535/],
    ["<readCoils address='65536' quantity='1'/>", /is not a number/],
    ["<readCoils address='0x10' quantity='1'/>", /is not a number/],
    ["<readCoils address='0' quantity='1'><coil/></readCoils>", /readCoils\/coil: no such element/],
    ["<readCoils address='0' quantity='1'>now</readCoils>", /holds text/],
    ["<writeSingleCoil address='0' value='on'/>", /true or false/],
    ["<opaque functionCode='100' data='0'/>", /hexadecimal/],
    ["now<readCoils address='0' quantity='1'/>", /holds text/],
  ])('%s', (content, message) => {
    const refused = expect.objectContaining({ code: 'malformed-xml', message: expect.stringMatching(message) });
    expect(() => decodeRequestPacket(request(content))).toThrowError(refused);
  });

  it.each(["unit='256'", "transaction='1'", "unit='1' other='1'", "unit='1' transaction='x'"])(
    '<request %s>',
    (envelope) => {
      const read = () => decodeRequestPacket(request("<readCoils address='0' quantity='1'/>", envelope));
      expect(read).toThrowError(expect.objectContaining({ code: 'malformed-xml' }));
    },
  );

  it.each([
    "<exception functionCode='3'/>",
    "<broadcast unit='1'/>",
    "<readCoils address='0' quantity='1'/>",
    '<nothing/>',
  ])('%s as a response', (content) => {
    expect(() => decodeResponsePacket(response(content))).toThrowError(ModbusError);
  });

  it('an element of another kind', () => {
    expect(() => decodeRequestPacket(response('<readCoils/>'))).toThrowError(/expected <request/);
  });
});
