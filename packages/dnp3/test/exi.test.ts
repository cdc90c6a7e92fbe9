import { readFileSync } from 'node:fs';
import { buildGrammars, compileSchema, ExiDecoder, ExiEncoder } from '@thingward/exi';
import type { Element } from '@thingward/xml';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fragmentFrames, framesOctets } from './arbitrary.ts';
import { DNP3_SCHEMAS, decodePackets, encodePacket, packetFromXml, packetToXml } from './internals.ts';

const location = 'schema.xsd';
const bytes = readFileSync(new URL('schema.xsd', DNP3_SCHEMAS));
const grammars = buildGrammars(compileSchema([{ location, bytes }]));
/** Strict grammars have no way out: what the schema does not allow can't be coded. */
const options = { strict: true } as const;

function throughExi(element: Element): { readonly element: Element; readonly octets: number } {
  const encoded = new ExiEncoder({ options, grammars }).encodeElement(element);
  const decoder = new ExiDecoder({ options, grammars });
  decoder.push(encoded);
  return { element: decoder.nextElement() as Element, octets: encoded.length };
}

it('every packet keeps to the schema, and is the same after it was EXI', () => {
  let inXml = 0;
  let inExi = 0;
  fc.assert(
    fc.property(fragmentFrames, (frames) => {
      const before = framesOctets(frames);
      for (const packet of decodePackets(before)) {
        const element = packetToXml(packet);
        const coded = throughExi(element);
        expect(encodePacket(packetFromXml(coded.element))).toEqual(encodePacket(packet));
        inXml += element.toString().length;
        inExi += coded.octets;
      }
    }),
    { numRuns: 200 },
  );
  expect(inExi).toBeLessThan(inXml / 2);
});
