import {
  Dnp3Error,
  decodeFragment,
  decodePackets,
  encodeFragment,
  encodePacket,
  fragmentFromXml,
  fragmentToXml,
  LinkFrameReader,
  packetFromXml,
  packetToXml,
} from '@thingward/dnp3';
import { parseElement, parseHexBinary, XmlError } from '@thingward/xml';

/** Fragments with objects of many kinds. */
const FRAGMENTS = [
  'c3013c02063c03063c04063c0106',
  'e381960002012801000100011e0500000201000000ac41010000204101000000c2',
  'c0050c012801000300410164000000c80000000000',
  'f08200002007170105010000ac41401f723a9d016e0600020250756d702031',
  'c419465b01080066696c652e747874',
  'd1810000010100000aff0303010000071bde00fa00000103616263',
  'c0207803070101000000010078095b0108000102030405060708',
].map((text) => parseHexBinary(text));
const PACKET = parseHexBinary('056414f3010000040a3bc0c3013c02063c03063c04063c01069a12');
const XML = [
  String(packetToXml(decodePackets(PACKET)[0])),
  ...FRAGMENTS.map(
    (octets) =>
      `<packet xmlns='urn:thingward:dnp3:1' destination='1' source='2'><frame from='outstation' function='4' sequence='1'/>${fragmentToXml(decodeFragment(octets))}</packet>`,
  ),
];

function same(a, b, what) {
  if (Buffer.compare(a, b) !== 0) throw new Error(`${what} is not the same: ${Buffer.from(b).toString('hex')}`);
}

/** Targets for octets of DNP3 and for what is written of them in XML. What can be read at all can be made of its XML again. */
export function dnp3Targets({ pick, mutated, noise, utf8 }) {
  return {
    'dnp3 stream': [
      () => pick([noise(60), mutated(PACKET), mutated([...PACKET, ...PACKET])]),
      (input) => {
        const whole = new LinkFrameReader().push(input);
        const reader = new LinkFrameReader();
        const pieces = [...input].flatMap((octet) => reader.push(Uint8Array.of(octet)));
        if (JSON.stringify(whole) !== JSON.stringify(pieces)) throw new Error('in pieces other frames are found');
        reader.silence();
        if (reader.pending > 0) throw new Error('a pause leaves something of a frame');
      },
      Dnp3Error,
    ],
    'dnp3 packet': [
      () => pick([noise(60), mutated(PACKET)]),
      (input) => {
        for (const packet of decodePackets(input)) {
          const again = packetFromXml(parseElement(packetToXml(packet).toString()));
          same(encodePacket(packet), encodePacket(again), 'a packet');
        }
      },
      Dnp3Error,
    ],
    'dnp3 fragment': [
      () => pick([noise(80), mutated(pick(FRAGMENTS)), mutated(pick(FRAGMENTS))]),
      (input) => {
        const fragment = decodeFragment(input);
        same(input, encodeFragment(fragment), 'a fragment');
        const again = fragmentFromXml(parseElement(fragmentToXml(fragment).toString()));
        same(input, encodeFragment(again), 'a fragment after it was XML');
      },
      Dnp3Error,
    ],
    'dnp3 xml': [
      () => mutated(utf8(pick(XML))),
      (input) => encodePacket(packetFromXml(parseElement(input))),
      [Dnp3Error, XmlError],
    ],
  };
}
