import { parseElement, parseHexBinary } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFragment, anyFrame, fragmentFrames, framesOctets, validFragment } from '../test/arbitrary.ts';
import { Dnp3Error } from './error.ts';
import { decodeFragment, encodeFragment } from './fragment.ts';
import { objectTypes } from './objects.ts';
import { formatHex } from './octets.ts';
import { decodePackets, encodePacket, PacketAssembler, packetOf } from './packet.ts';
import { fragmentFromXml, fragmentToXml, packetFromXml, packetToXml } from './packet-xml.ts';

const hex = (text: string) => parseHexBinary(text.replaceAll(' ', '')) as Uint8Array;

/** Octets to XML as text and back. */
function throughXml(octets: Uint8Array): Uint8Array {
  const text = decodePackets(octets).map((packet) => packetToXml(packet).toString());
  return Uint8Array.from(text.flatMap((one) => [...encodePacket(packetFromXml(parseElement(one)))]));
}

describe('a fragment', () => {
  it('of any objects with any qualifier is understood whole, and is the same after it was XML', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(validFragment, (octets) => {
        const fragment = decodeFragment(octets);
        expect(fragment.rest).toBeUndefined();
        expect(formatHex(encodeFragment(fragment))).toBe(formatHex(octets));
        const again = fragmentFromXml(parseElement(fragmentToXml(fragment).toString()));
        expect(formatHex(encodeFragment(again))).toBe(formatHex(octets));
        for (const { group, variation } of fragment.objects) seen.add(`${group} ${variation}`);
      }),
      { numRuns: 500 },
    );
    expect(new Set([...seen].map((key) => key.split(' ')[0])).size).toBe(
      new Set(objectTypes().map(({ group }) => group)).size,
    );
    expect(seen.size).toBeGreaterThan(150);
  });

  it('of any octets is the same after it was XML, unless it is shorter than its header', () => {
    fc.assert(
      fc.property(anyFragment, (octets) => {
        try {
          const fragment = decodeFragment(octets);
          expect(encodeFragment(fragment)).toEqual(octets);
          const again = fragmentFromXml(parseElement(fragmentToXml(fragment).toString()));
          expect(encodeFragment(again)).toEqual(octets);
        } catch (error) {
          if (!(error instanceof Dnp3Error)) throw error;
          expect(error.code).toBe('malformed-fragment');
          expect(octets.length).toBeLessThan(4);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('frames', () => {
  it('are the same after they were XML: whole fragments, cut anyhow', () => {
    fc.assert(
      fc.property(fragmentFrames, (frames) => {
        const octets = framesOctets(frames);
        expect(throughXml(octets)).toEqual(octets);
      }),
      { numRuns: 150 },
    );
  });

  it('are the same after they were XML: any frames in any order', () => {
    const some = fc.array(
      fc.oneof(
        anyFrame.map((frame) => [frame]),
        fragmentFrames,
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(some, fc.boolean(), (groups, reversed) => {
        const frames = reversed ? groups.flat().reverse() : groups.flat();
        const octets = framesOctets(frames);
        expect(throughXml(octets)).toEqual(octets);
      }),
      { numRuns: 500 },
    );
  });

  it('are put together to fragments of so many octets, longer ones are given in pieces', () => {
    const fragment = decodeFragment(Uint8Array.of(0xc0, 2, ...new Uint8Array(600)));
    const control = { fromMaster: true, primary: true, frameCount: false, countValidOrBusy: false, function: 4 };
    const packet = packetOf(fragment, { destination: 1, source: 2, control, sequence: 63 });
    expect(packet.frames.map(({ segment, octets }) => [segment?.sequence, octets])).toEqual([
      [63, 249],
      [0, 249],
      [1, 104],
    ]);
    const octets = encodePacket(packet);
    expect(decodePackets(octets)).toEqual([packet]);
    const assembler = new PacketAssembler(300);
    const pieces = decodePackets(octets).flatMap(({ frames }) => frames);
    expect(pieces).toHaveLength(3);
    const raw = [0, 1, 2].flatMap((i) => {
      const userData = new Uint8Array(250).fill(i);
      userData[0] = (i === 0 ? 0x40 : i === 2 ? 0x80 : 0) | i;
      return assembler.push({ control, destination: 1, source: 2, userData });
    });
    expect(raw.map((one) => one.raw?.length)).toEqual([249, 249, 249]);
  });
});

describe('the XML of a packet', () => {
  it('is readable', () => {
    const [packet] = decodePackets(
      hex('05 64 14 f3 01 00 00 04 0a 3b c0 c3 01 3c 02 06 3c 03 06 3c 04 06 3c 01 06 9a 12'),
    );
    expect(String(packetToXml(packet as NonNullable<typeof packet>))).toBe(
      "<packet xmlns='urn:thingward:dnp3:1' destination='1' source='1024'>" +
        "<frame from='master' function='confirmed-user-data' frameCount='true' frameCountValid='true' sequence='0'/>" +
        "<fragment function='read' sequence='3'>" +
        "<objects group='60' variation='2' name='Class objects, class 1' range='all'/>" +
        "<objects group='60' variation='3' name='Class objects, class 2' range='all'/>" +
        "<objects group='60' variation='4' name='Class objects, class 3' range='all'/>" +
        "<objects group='60' variation='1' name='Class objects, class 0' range='all'/>" +
        '</fragment></packet>',
    );
  });

  it.each([
    [
      'e3 81 96 00 02 01 28 01 00 01 00 01',
      "<fragment function='response' sequence='3' confirm='true' indications='class-1-events class-2-events need-time device-restart'>" +
        "<objects group='2' variation='1' name='Binary input event, without time' range='count-16' prefix='index-16'>" +
        "<binary index='1' value='false' flags='online'/></objects></fragment>",
    ],
    [
      'c0 05 0c 01 28 01 00 03 00 41 01 64 00 00 00 c8 00 00 00 00',
      "<fragment function='direct-operate' sequence='0'>" +
        "<objects group='12' variation='1' name='Binary output command, control relay output block' range='count-16' prefix='index-16'>" +
        "<control index='3' operation='pulse-on' tripClose='close' count='1' onTimeMs='100' offTimeMs='200' status='success'/></objects></fragment>",
    ],
    [
      'f0 82 00 00 20 07 17 01 05 01 00 00 ac 41 40 1f 72 3a 9d 01 6e 06 00 02 02 50 75 6d 70 20 31',
      "<fragment function='unsolicited-response' sequence='0' confirm='true' unsolicited='true' indications=''>" +
        "<objects group='32' variation='7' name='Analog input event, single-precision, with time' range='count-8' prefix='index-8'>" +
        "<analog index='5' flags='online' value='21.5' time='2026-03-29T16:34:10.880Z'/></objects>" +
        "<objects group='110' variation='6' name='Octet string, 6 octets' range='start-stop-8' start='2' stop='2'>" +
        "<octetString index='2' text='Pump 1'/></objects></fragment>",
    ],
    [
      'c1 02 c8 01 07 01 aa',
      "<fragment function='write' sequence='1'><rest problem='objects of group 200, variation 1 are not known (at octet 2)'>c8010701aa</rest></fragment>",
    ],
  ])('of %s', (octets, text) => {
    const fragment = decodeFragment(hex(octets));
    expect(String(fragmentToXml(fragment)).replace(" xmlns='urn:thingward:dnp3:1'", '')).toBe(text);
  });

  it.each([
    ["<fragment function='reed' sequence='1'/>", 'the attribute function of <fragment> is "reed"'],
    ["<fragment function='read' sequence='16'/>", 'sequence of <fragment> is "16": expected 0 to 15'],
    ["<fragment function='read' sequence='1' first='no'/>", 'first of <fragment> is "no": expected true or false'],
    ["<fragment function='response' sequence='1' indications='restart'/>", 'expected some of broadcast'],
    [
      "<fragment function='write' sequence='1'><objects group='1' variation='1'/></fragment>",
      'range of <objects> is missing',
    ],
    [
      "<fragment function='write' sequence='1'><objects group='50' variation='1' range='count-8'><time time='now'/></objects></fragment>",
      'time of <time> is "now": expected a time in UTC',
    ],
    [
      "<fragment function='write' sequence='1'><objects group='50' variation='1' range='count-8'><analog value='1'/></objects></fragment>",
      '<analog> where objects 50, 1 are <time>',
    ],
    [
      "<fragment function='response' sequence='1'><objects group='1' variation='2' range='start-stop-8' start='1' stop='1'><binary index='2' value='true'/></objects></fragment>",
      '<binary> has the index 2: by the range it is 1',
    ],
    ["<fragment function='write' sequence='1'><rest>0</rest></fragment>", '<rest> needs pairs of hexadecimal digits'],
  ])('that is wrong is refused: %s', (text, problem) => {
    const decode = () =>
      fragmentFromXml(parseElement(text.replace('<fragment', "<fragment xmlns='urn:thingward:dnp3:1'")));
    expect(decode).toThrow(problem);
    expect(decode).toThrow(expect.objectContaining({ code: 'malformed-xml' }));
  });
});
