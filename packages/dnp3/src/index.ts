export { COMMAND_STATUSES, DOWNSTREAM_FAIL, NO_SELECT, NOT_AUTHORIZED, SUCCESS } from './command-status.ts';
export {
  CLOSE,
  type ControlCode,
  decodeControlCode,
  encodeControlCode,
  LATCH_OFF,
  LATCH_ON,
  OPERATIONS,
  PULSE_OFF,
  PULSE_ON,
  TRIP,
  TRIP_CLOSE,
} from './control-code.ts';
export { crcDnp } from './crc.ts';
export { Dnp3Error, type Dnp3ErrorCode } from './error.ts';
export type { ObjectItem } from './fields.ts';
export { DOUBLE_BIT_STATES, FLAG } from './flags.ts';
export {
  type ApplicationControl,
  decodeFragment,
  encodeFragment,
  type Fragment,
  type FragmentRest,
} from './fragment.ts';
export * from './function-codes.ts';
export { IIN, IIN_EVENTS, IIN_NAMES, IIN_REFUSALS } from './internal-indications.ts';
export {
  ACK,
  BROADCAST_ADDRESSES,
  CONFIRMED_USER_DATA,
  decodeLinkFrame,
  encodeLinkFrame,
  LINK_STATUS,
  type LinkControl,
  type LinkFrame,
  MAX_USER_DATA,
  NACK,
  PRIMARY_FUNCTIONS,
  REQUEST_LINK_STATUS,
  RESET_LINK_STATES,
  SECONDARY_FUNCTIONS,
  TEST_LINK_STATES,
  UNCONFIRMED_USER_DATA,
} from './link-frame.ts';
export { LinkFrameReader, receiveLinkFrames } from './link-frame-reader.ts';
export { type LinkConfirmation, LinkLayer, type LinkLayerOptions } from './link-layer.ts';
export * from './master/index.ts';
export { bitNames, nameOf } from './names.ts';
export { type ObjectHeader, PREFIXES, type PrefixCode, RANGES, type RangeCode } from './object-header.ts';
export { type Layout, type ObjectType, objectType, objectTypes } from './objects.ts';
export { formatHex, parseHex } from './octets.ts';
export * from './outstation/index.ts';
export {
  decodePackets,
  encodePacket,
  type Packet,
  PacketAssembler,
  type PacketFrame,
  type PacketHeader,
  packetOf,
} from './packet.ts';
export { DNP3_NAMESPACE, fragmentFromXml, fragmentToXml, packetFromXml, packetToXml } from './packet-xml.ts';
export { DNP3_SCHEMAS } from './schemas.ts';
export { MAX_SEGMENT_OCTETS, Reassembler, type SegmentHeader, segmentFragment } from './transport.ts';
export {
  type CarriedPacket,
  type CarriedRequest,
  carriedPacket,
  decodeCarriedReport,
  decodeCarriedRequest,
  decodeCarriedResponse,
  encodeCarriedReport,
  encodeCarriedRequest,
  encodeCarriedResponse,
  isObserving,
} from './transversion.ts';
export { formatFloat } from './values-text.ts';
