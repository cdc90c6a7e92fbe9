import {
  commandFromXml,
  commandToXml,
  decodeCommand,
  decodeMqttPayload,
  decodeNetworkMessage,
  decodeReply,
  decodeTeds,
  decodeTedsBlock,
  encodeCommand,
  encodeNetworkMessage,
  encodeReply,
  encodeTeds,
  encodeTedsBlock,
  Ieee1451Error,
  MODULE_COMMANDS,
  networkMessageFromXml,
  networkMessageToXml,
  parseHex,
  tedsFromJson,
  tedsFromXml,
  tedsProblems,
  tedsToJson,
  tedsToXml,
  unitsFromUcum,
} from '@thingward/ieee1451';
import * as mcap from '@thingward/ieee1451/mcap';
import { encodeSerialFrame, LinkFrameReader, SerialFrameReader } from '@thingward/ieee1451/tim';
import { parseElement, XmlError } from '@thingward/xml';

const JSON_TEDS = [
  {
    teds: 'transducer-channel',
    member: 255,
    fields: [
      { name: 'channelType', value: 'sensor' },
      { name: 'physicalUnits', units: 'm/s2' },
      { name: 'lowLimit', value: -1.5 },
      { name: 'worstCaseUncertainty', value: 'NaN' },
      { name: 'sample', fields: [{ name: 'dataModel', value: 'float32' }] },
      { name: 'dataSet', fields: [{ name: 'seriesUnits', units: { form: 'tuples', exponents: { s: -0.5 } } }] },
      { name: 'sampling', fields: [{ name: 'modeCapability', value: ['continuous', 'immediate'] }] },
      { name: 'directionAngles', value: [0.5, 1] },
      { type: 200, octets: 'beef' },
    ],
  },
  {
    teds: 'meta',
    tupleLength: 2,
    fields: [
      { name: 'uuid', value: '0102030405060708090a' },
      { name: 'channels', value: 3 },
      {
        name: 'vectorGroup',
        fields: [
          { name: 'groupType', value: 1 },
          { name: 'members', value: [1, 2] },
        ],
      },
    ],
  },
  {
    teds: 'transducer-name',
    fields: [
      { name: 'format', value: 'text' },
      { name: 'content', value: 'Boiler' },
    ],
  },
];
const TEDS = JSON_TEDS.map((json) => encodeTeds(tedsFromJson(json)));
const BLOCKS = TEDS.map((octets) => octets.slice(4, -2));
const UUID = '00112233445566778899aabbccddeeff';
const COMMANDS = ['000101020005030000000a', '000003020008000000004120000000', '00020401000', '000181010001ff'].map(
  (text) => parseHex(text.slice(0, text.length - (text.length % 2))),
);
const REPLIES = ['01000c0000000000300000f22c00001000', '010006000000000beef', '000000'].map((text) =>
  parseHex(text.slice(0, text.length - (text.length % 2))),
);
const MESSAGES = [
  `0109010020${UUID}${UUID}`,
  `0109020035 0000${UUID}${UUID}0001${UUID}00`.replace(' ', ''),
  `020101003b${UUID}${UUID}${UUID}0001050002540be4000000`,
  `0201020045 0000${UUID}${UUID}${UUID}00013330302e313500000067010b72575fef30`.replace(' ', ''),
].map((text) => parseHex(text));
const SERIAL = Buffer.concat(
  [1, 2].map((address) =>
    encodeSerialFrame({ address, kind: 'command', sequence: 0x7e7d, message: Uint8Array.of(0x7e, 0x7d, 1) }),
  ),
);
const XML = [
  ...TEDS.map((octets) => String(tedsToXml(decodeTeds(octets)))),
  ...MESSAGES.map((octets) => String(networkMessageToXml(decodeNetworkMessage(octets, { keepLength: true })))),
];

const ID = '00112233-4455-6677-8899-aabbccddeeff';
const AT = { ncap: ID, tim: ID, channel: 1 };
const READING = { ...AT, time: new Date(0), unit: 'K', samples: [300.5, 'beef'] };
const NCAP_RESOURCE = {
  id: ID,
  name: 'Boiler',
  isPresent: true,
  since: new Date(0),
  tims: [
    {
      id: ID,
      name: 'TIM',
      node: { nodeId: 'tim', sourceId: 's' },
      isPresent: false,
      channels: [{ number: 1, name: 'Water', kind: 'sensor', node: { nodeId: 'tim/1' } }],
    },
  ],
  things: [{ service: 'legacy-adapter', protocol: 'modbus', name: 'PLC', node: { nodeId: 'plc' } }],
};
/** Each payload of the exchanges: an example, and what reads and writes it. */
const EXCHANGES = [
  [{ ncap: ID, tim: ID }, mcap.encodeDiscover, mcap.decodeDiscover],
  [[NCAP_RESOURCE], mcap.encodeResources, mcap.decodeResources],
  [{ ncap: NCAP_RESOURCE, lease: 90 }, mcap.encodeAnnouncement, mcap.decodeAnnouncement],
  [{ kind: 'left', ncap: NCAP_RESOURCE, reason: 'lost' }, mcap.encodeTreeChange, mcap.decodeTreeChange],
  [{ ncap: ID, node: { nodeId: 'n' }, readers: ['a@b'] }, mcap.encodeMcapReaders, mcap.decodeMcapReaders],
  [{ ...AT, originator: 'a@b' }, mcap.encodeInterfaceRequest, mcap.decodeInterfaceRequest],
  [
    {
      ...AT,
      kind: 'sensor',
      unit: 'K',
      min: 0,
      max: 1.5,
      operations: ['read'],
      teds: TEDS.map((one) => decodeTeds(one)),
    },
    mcap.encodeInterface,
    mcap.decodeInterface,
  ],
  [AT, mcap.encodeRead, mcap.decodeRead],
  [{ ...AT, samples: [1, 'ff'] }, mcap.encodeWrite, mcap.decodeWrite],
  [{ ...AT, interval: 1000 }, mcap.encodeStream, mcap.decodeStream],
  [{ id: 's', until: new Date(0) }, mcap.encodeStreaming, mcap.decodeStreaming],
  [{ stream: 's', reason: 'r' }, mcap.encodeStop, mcap.decodeStop],
  [{ ...AT, from: new Date(0), to: new Date(1) }, mcap.encodeHistory, mcap.decodeHistory],
  [READING, mcap.encodeReading, mcap.decodeReading],
  [READING, mcap.encodeEvent, mcap.decodeEvent],
  [{ ...AT, readings: [{ time: new Date(0), samples: [1] }] }, mcap.encodeReadings, mcap.decodeReadings],
];

function same(a, b, what) {
  if (Buffer.compare(a, b) !== 0) throw new Error(`${what} is not the same: ${Buffer.from(b).toString('hex')}`);
}

/** What can be read at all is the same octets again, and after it was JSON and XML. */
export function ieee1451Targets({ pick, mutated, noise, utf8 }) {
  return {
    teds: [
      () => pick([noise(40), mutated(pick(TEDS)), mutated(pick(TEDS))]),
      (input) => {
        const teds = decodeTeds(input, { keepChecksum: true });
        tedsProblems(teds);
        same(input, encodeTeds(teds), 'a TEDS');
        same(input, encodeTeds(tedsFromJson(JSON.parse(JSON.stringify(tedsToJson(teds))))), 'a TEDS after it was JSON');
        same(input, encodeTeds(tedsFromXml(parseElement(tedsToXml(teds).toString()))), 'a TEDS after it was XML');
      },
      Ieee1451Error,
    ],
    'teds block': [
      () => pick([noise(40), mutated(pick(BLOCKS)), mutated(pick(BLOCKS))]),
      (input) => same(input, encodeTedsBlock(decodeTedsBlock(input)), 'a data block'),
      Ieee1451Error,
    ],
    'teds json': [
      () => mutated(utf8(JSON.stringify(pick(JSON_TEDS)))),
      (input) => encodeTeds(tedsFromJson(JSON.parse(new TextDecoder().decode(input)))),
      [Ieee1451Error, SyntaxError],
    ],
    'ieee1451 xml': [
      () => mutated(utf8(pick(XML))),
      (input) => {
        const element = parseElement(input);
        if (element.name === 'teds') encodeTeds(tedsFromXml(element));
        else encodeNetworkMessage(networkMessageFromXml(element));
      },
      [Ieee1451Error, XmlError],
    ],
    'ieee1451 exchanges': [
      () => {
        const [value, encode] = pick(EXCHANGES);
        return mutated(utf8(String(encode(value))));
      },
      (input) => {
        const element = parseElement(input);
        for (const [, encode, decode] of EXCHANGES) {
          let value;
          try {
            value = decode(element);
          } catch (error) {
            if (error instanceof Ieee1451Error) continue;
            throw error;
          }
          // What can be read can be written, and is read as the same.
          const text = String(encode(value));
          if (String(encode(decode(parseElement(text)))) !== text) throw new Error(`not the same again: ${text}`);
        }
      },
      [Ieee1451Error, XmlError],
    ],
    'ieee1451 command': [
      () => pick([noise(20), mutated(pick(COMMANDS))]),
      (input) => {
        const command = decodeCommand(input);
        same(input, encodeCommand(command), 'a command');
        same(input, encodeCommand(commandFromXml(parseElement(commandToXml(command).toString()))), 'a command in XML');
      },
      Ieee1451Error,
    ],
    'ieee1451 reply': [
      () => pick([noise(20), mutated(pick(REPLIES))]),
      (input) => {
        const command = pick(MODULE_COMMANDS);
        same(input, encodeReply(decodeReply(input, command), command), 'a reply');
      },
      Ieee1451Error,
    ],
    'ieee1451 network': [
      () => pick([noise(80), mutated(pick(MESSAGES)), mutated(pick(MESSAGES))]),
      (input) => {
        const { octets } = decodeMqttPayload(input);
        const message = decodeNetworkMessage(octets, { keepLength: true });
        same(octets, encodeNetworkMessage(message), 'a network message');
        const again = networkMessageFromXml(parseElement(networkMessageToXml(message).toString()));
        same(octets, encodeNetworkMessage(again), 'a network message after it was XML');
      },
      Ieee1451Error,
    ],
    'tim link': [
      () => pick([noise(40), mutated(parseHex('010001000006000102040000'))]),
      (input) => {
        const seen = (chunks) => {
          const reader = new LinkFrameReader();
          const frames = [];
          try {
            for (const chunk of chunks) frames.push(...reader.push(chunk));
          } catch (error) {
            if (!(error instanceof Ieee1451Error)) throw error;
            return [error.message];
          }
          return frames;
        };
        const pieces = [...input].map((octet) => Uint8Array.of(octet));
        if (JSON.stringify(seen([input])) !== JSON.stringify(seen(pieces)))
          throw new Error('in pieces other frames are found');
      },
      Ieee1451Error,
    ],
    'tim serial line': [
      () => pick([noise(40), mutated(SERIAL)]),
      (input) => {
        const pieces = [...input].map((octet) => Uint8Array.of(octet));
        const seen = (chunks) => {
          const reader = new SerialFrameReader();
          return chunks.flatMap((chunk) => reader.push(chunk));
        };
        const frames = seen([input]);
        if (JSON.stringify(frames) !== JSON.stringify(seen(pieces)))
          throw new Error('in pieces other frames are found');
        if (JSON.stringify(seen(frames.map(encodeSerialFrame))) !== JSON.stringify(frames))
          throw new Error('frames are not the same again');
      },
      Ieee1451Error,
    ],
    units: [
      () => mutated(utf8(pick(['m/s2', 'kg.m2/s3', 'Pa.s', 'V/Hz']))),
      (input) => unitsFromUcum(Buffer.from(input).toString('latin1')),
      Ieee1451Error,
    ],
  };
}
