import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildGrammars, compileSchema, ExiDecoder, ExiEncoder } from '@thingward/exi';
import type { Element } from '@thingward/xml';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { message } from './arbitrary.ts';
import {
  decodeCarriedRequest,
  decodeCarriedResponse,
  elementName,
  encodeCarriedRequest,
  encodeCarriedResponse,
  encodeMessage,
  isFromClient,
  isFromServer,
  OPCUA_SCHEMAS,
  STRUCTURES,
} from './internals.ts';
import { schemaText } from './schema-text.ts';

const location = 'schema.xsd';
const file = new URL(location, OPCUA_SCHEMAS);

it('the schema is what the rows say', async () => {
  await expect(schemaText()).toMatchFileSnapshot(fileURLToPath(file));
});

it('no two structures have elements of the same name', () => {
  const names = Object.keys(STRUCTURES).map(elementName);
  expect(new Set(names).size).toBe(names.length);
});

it('every message keeps to the schema, and is the same after it was EXI', () => {
  const grammars = buildGrammars(compileSchema([{ location, bytes: readFileSync(file) }]));
  /** Strict grammars have no way out: what the schema does not allow can't be coded. */
  const options = { strict: true } as const;
  let inXml = 0;
  let inExi = 0;
  const throughExi = (element: Element): Element => {
    const encoded = new ExiEncoder({ options, grammars }).encodeElement(element);
    const decoder = new ExiDecoder({ options, grammars });
    decoder.push(encoded);
    inXml += element.toString().length;
    inExi += encoded.length;
    return decoder.nextElement() as Element;
  };
  fc.assert(
    fc.property(message, (sent) => {
      const octets = encodeMessage(sent);
      if (isFromClient(sent)) {
        const expires = new Date('2026-01-02T03:04:05.678Z');
        const request = decodeCarriedRequest(
          throughExi(encodeCarriedRequest({ message: sent, line: 'press', expires })),
        );
        expect(encodeMessage(request.message)).toEqual(octets);
        expect([request.line, request.expires]).toEqual(['press', expires]);
      }
      if (isFromServer(sent)) {
        const response = decodeCarriedResponse(throughExi(encodeCarriedResponse(sent)));
        expect(encodeMessage(response)).toEqual(octets);
      }
    }),
    { numRuns: 300 },
  );
  expect(inExi).toBeLessThan(inXml / 2);
}, 60_000);
