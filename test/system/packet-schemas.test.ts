import { buildGrammars, ExiDecoder, ExiEncoder } from '@thingward/exi';
import {
  decodeRequestPacket,
  decodeResponsePacket,
  encodeRequest,
  encodeRequestPacket,
  encodeResponse,
  encodeResponsePacket,
  MODBUS_SCHEMAS,
  type ModbusResponse,
} from '@thingward/modbus';
import type { Element } from '@thingward/xml';
import { SchemaCatalogue } from '@thingward/xmpp/exi';
import { readSchemas } from '@thingward/xmpp/node';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { REQUESTS, RESPONSES } from '../../packages/modbus/test/arbitrary-pdus.ts';

const SCHEMAS = readSchemas(MODBUS_SCHEMAS);
const SETTINGS = {
  options: { strict: true },
  grammars: buildGrammars(new SchemaCatalogue(SCHEMAS).compile(SCHEMAS)),
};

/** Through EXI with strict grammars, where nothing passes that the schema does not have. */
function throughExi(element: Element): Element {
  const decoder = new ExiDecoder(SETTINGS);
  decoder.push(new ExiEncoder(SETTINGS).encodeElement(element));
  return decoder.nextElement() as Element;
}

it('every Modbus packet is as its schema says, and the same bytes after EXI', () => {
  fc.assert(
    fc.property(REQUESTS, RESPONSES, fc.integer({ min: 0, max: 0xffff }), (request, response, transaction) => {
      const expires = new Date('2026-01-02T03:04:05.678Z');
      const asked = throughExi(encodeRequestPacket({ unit: 1, transaction, line: 'pump', expires, request }));
      const read = decodeRequestPacket(asked);
      expect(encodeRequest(read.request)).toEqual(encodeRequest(request));
      expect([read.transaction, read.line, read.expires]).toEqual([transaction, 'pump', expires]);
      const answered = decodeResponsePacket(throughExi(encodeResponsePacket({ unit: 1, response })));
      expect(encodeResponse(answered.response as ModbusResponse)).toEqual(encodeResponse(response));
    }),
    { numRuns: 300 },
  );
});
