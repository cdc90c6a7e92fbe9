import { type Body, decodeBody, encodeBody } from '../body.ts';
import { concatOctets, OctetReader, unsignedOctets } from '../octets.ts';
import { networkService } from './services.ts';

/** A message between an application or MCAP and an NCAP. */
export interface NetworkMessage {
  readonly serviceType: number;
  readonly serviceId: number;
  readonly messageType: number;
  /** The values of its layout, or `octets`. */
  readonly body: Body;
  /** The length that was there, where it is not the right one. */
  readonly length?: number | undefined;
}

export interface DecodeNetworkMessageOptions {
  /** Take all octets that follow, and carry a length that is wrong, in place of refusing the message. */
  readonly keepLength?: boolean | undefined;
}

/** @throws Ieee1451Error `malformed-message`. @see IEEE 1451.0-2024 network services */
export function decodeNetworkMessage(
  octets: Uint8Array,
  { keepLength = false }: DecodeNetworkMessageOptions = {},
): NetworkMessage {
  const reader = new OctetReader(octets, 'malformed-message');
  const serviceType = reader.unsigned(1, 'the type of the service');
  const serviceId = reader.unsigned(1, 'the service');
  const messageType = reader.unsigned(1, 'the type of the message');
  const at = reader.offset;
  const length = reader.unsigned(2, 'the length');
  const isRight = length === reader.remaining;
  if (!isRight && !keepLength) {
    throw reader.error(`the length says that ${length} octets follow, and there are ${reader.remaining}`, at);
  }
  const body = decodeBody(reader.rest(), networkService(serviceType, serviceId)?.layouts[messageType]);
  return { serviceType, serviceId, messageType, body, ...(isRight ? {} : { length }) };
}

/** @throws Ieee1451Error `limit-exceeded` for values that are missing or do not fit */
export function encodeNetworkMessage(message: NetworkMessage): Uint8Array {
  const { serviceType, serviceId, messageType, body, length } = message;
  const octets = encodeBody(body, networkService(serviceType, serviceId)?.layouts[messageType]);
  return concatOctets([
    unsignedOctets(serviceType, 1, 'the type of the service'),
    unsignedOctets(serviceId, 1, 'the service'),
    unsignedOctets(messageType, 1, 'the type of the message'),
    unsignedOctets(length ?? octets.length, 2, 'the length'),
    octets,
  ]);
}
