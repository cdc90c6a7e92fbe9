import { readFileSync } from 'node:fs';
import { buildGrammars, compileSchema, ExiDecoder, ExiEncoder } from '@thingward/exi';
import { type Element, parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { validFragment } from './arbitrary.ts';
import {
  carriedPacket,
  DNP3_SCHEMAS,
  Dnp3Error,
  decodeCarriedReport,
  decodeCarriedRequest,
  decodeCarriedResponse,
  decodeFragment,
  encodeCarriedReport,
  encodeCarriedRequest,
  encodeCarriedResponse,
  encodePacket,
  isResponse,
  type Packet,
  packetOf,
} from './internals.ts';

const bytes = readFileSync(new URL('schema.xsd', DNP3_SCHEMAS));
const SETTINGS = {
  options: { strict: true },
  grammars: buildGrammars(compileSchema([{ location: 'schema.xsd', bytes }])),
};

/** Through EXI with strict grammars, where nothing passes that the schema does not have. */
function throughExi(element: Element): Element {
  const decoder = new ExiDecoder(SETTINGS);
  decoder.push(new ExiEncoder(SETTINGS).encodeElement(element));
  return decoder.nextElement() as Element;
}

function packet(octets: Uint8Array, sequence: number): { readonly packet: Packet; readonly fromMaster: boolean } {
  const read = decodeFragment(octets);
  const fromMaster = !isResponse(read.function);
  const fragment = fromMaster ? { ...read, control: { ...read.control, first: true, final: true } } : read;
  const control = { fromMaster, primary: true, frameCount: false, countValidOrBusy: false, function: 4 };
  return { fromMaster, packet: packetOf(fragment, { destination: 10, source: 1, control, sequence }) };
}

it('every packet that is carried keeps to the schema, and arrives as the same octets', () => {
  fc.assert(
    fc.property(validFragment, fc.nat(63), (octets, sequence) => {
      const { packet: sent, fromMaster } = packet(octets, sequence);
      const whole = carriedPacket(sent, fromMaster);
      const expires = new Date('2026-01-02T03:04:05.678Z');
      if (fromMaster) {
        const request = decodeCarriedRequest(throughExi(encodeCarriedRequest({ packet: whole, line: 'bay', expires })));
        expect(encodePacket(request.packet)).toEqual(encodePacket(sent));
        expect([request.line, request.expires]).toEqual(['bay', expires]);
        return;
      }
      for (const arrived of [
        decodeCarriedResponse(throughExi(encodeCarriedResponse(whole))),
        decodeCarriedReport(throughExi(encodeCarriedReport(whole))),
      ]) {
        expect(arrived && encodePacket(arrived)).toEqual(encodePacket(sent));
      }
    }),
    { numRuns: 300 },
  );
  expect(decodeCarriedResponse(throughExi(encodeCarriedResponse(undefined)))).toBeUndefined();
});

it('what is read is what its octets mean, however it was written', () => {
  const written = parseElement(`<request xmlns='urn:thingward:dnp3:1'><packet destination='10' source='1'>
    <frame from='master' function='unconfirmed-user-data' sequence='0'/>
    <fragment function='direct-operate' sequence='1'>
      <objects group='41' variation='3' range='count-8' prefix='index-8'><setpoint index='1' value='16777217' status='success'/></objects>
      <rest problem='none'>0c01170104030100000000000000000000</rest>
    </fragment></packet></request>`);
  const { fragment } = decodeCarriedRequest(written).packet;
  expect(fragment.objects.map(({ group, items }) => [group, items[0]?.value])).toEqual([
    [41, 16_777_216],
    [12, undefined],
  ]);
});

it('whatever else is an error that says so', () => {
  const whole = carriedPacket(packet(Uint8Array.of(0xc0, 1, 60, 1, 6), 0).packet, true);
  const text = encodeCarriedRequest({ packet: whole }).toString();
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 8 }), (at, cut, put) => {
      let element: Element;
      try {
        element = parseElement(text.slice(0, at) + put + text.slice(at + cut));
      } catch {
        return;
      }
      try {
        decodeCarriedRequest(element);
      } catch (error) {
        expect(error).toBeInstanceOf(Dnp3Error);
      }
    }),
    { numRuns: 2000 },
  );
});
