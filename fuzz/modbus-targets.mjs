/* Modbus on serial lines and as XML. */
import {
  AsciiFrameReader,
  decodeRequest,
  decodeRequestPacket,
  decodeResponsePacket,
  encodeAsciiFrame,
  encodeRequest,
  encodeRequestPacket,
  encodeResponsePacket,
  encodeRtuFrame,
  ModbusError,
  RtuFrameReader,
} from '@thingward/modbus';
import { parseElement, XmlError } from '@thingward/xml';

const PDUS = [
  [0x03, 0, 0x6b, 0, 3],
  [0x10, 0, 1, 0, 2, 4, 0, 10, 1, 2],
  [0x2b, 0x0e, 1, 0],
  [0x14, 7, 6, 0, 4, 0, 1, 0, 2],
  [0x08, 0, 0, 0xa5, 0x37],
].map((octets) => Uint8Array.from(octets));
const RESPONSES = [
  { kind: 'read-coils', values: [true, false, true, false, false, false, false, true] },
  { kind: 'exception', functionCode: 3, exceptionCode: 2 },
];

function readFrames(reader, bytes) {
  reader.push(bytes);
  reader.silence();
}

export function modbusTargets({ pick, mutated, noise, utf8 }) {
  const frames = PDUS.map((pdu) => ({ unit: 1, pdu }));
  const rtu = frames.map(encodeRtuFrame);
  const ascii = frames.map(encodeAsciiFrame);
  const requests = PDUS.map((pdu) =>
    utf8(encodeRequestPacket({ unit: 1, transaction: 7, request: decodeRequest(pdu) }).toString()),
  );
  const responses = RESPONSES.map((response) => utf8(encodeResponsePacket({ unit: 1, response }).toString()));
  return {
    'modbus rtu': [
      () => [pick(['request', 'response']), pick([noise(40), mutated(pick(rtu)), mutated(pick(rtu))])],
      ([direction, bytes]) => readFrames(new RtuFrameReader(direction), bytes),
      ModbusError,
    ],
    'modbus ascii': [
      () => pick([noise(40), mutated(pick(ascii))]),
      (bytes) => readFrames(new AsciiFrameReader(), bytes),
      ModbusError,
    ],
    'modbus request as XML': [
      () => mutated(pick(requests)),
      (bytes) => encodeRequest(decodeRequestPacket(parseElement(bytes)).request),
      [ModbusError, XmlError],
    ],
    'modbus response as XML': [
      () => mutated(pick(responses)),
      (bytes) => decodeResponsePacket(parseElement(bytes)),
      [ModbusError, XmlError],
    ],
  };
}
