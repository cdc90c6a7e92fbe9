export type { ChannelAddress, Forwarded, ThingNode, TransducerAddress } from './address.ts';
export * from './interface.ts';
export { decodeMcapReaders, encodeMcapReaders, type McapReaders } from './readers.ts';
export {
  type AddressedReading,
  decodeEvent,
  decodeReading,
  decodeReadings,
  encodeEvent,
  encodeReading,
  encodeReadings,
  type Reading,
  type Readings,
} from './readings.ts';
export * from './requests.ts';
export * from './resources.ts';
