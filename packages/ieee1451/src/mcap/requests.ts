import { type Element, xml } from '@thingward/xml';
import { IEEE1451_NAMESPACE } from '../namespace.ts';
import { checkRange } from '../octets.ts';
import type { Sample } from '../sample.ts';
import { integerAttribute, requireElement, textAttribute } from '../xml-attributes.ts';
import { addressAttributes, type ChannelAddress, channelAddress, type Forwarded, forwarded } from './address.ts';
import { dateAttribute, dateText, optionalDate, xmlText } from './attributes.ts';
import { decodeSampleElements, encodeSampleElements } from './readings.ts';

/** `<read/>` */
export interface ReadRequest extends ChannelAddress, Forwarded {}

/** `<write/>`: sets an actuator, once. */
export interface WriteRequest extends ChannelAddress, Forwarded {
  readonly samples: readonly Sample[];
}

/** `<stream/>`: readings are sent until it is stopped, or its time is over. */
export interface StreamRequest extends ChannelAddress, Forwarded {
  /** Milliseconds from one reading to the next, wanted. */
  readonly interval: number;
}

/** `<streaming/>`: the answer. */
export interface Streaming {
  readonly id: string;
  /** When it ends by itself. */
  readonly until: Date;
}

/** `<history/>` */
export interface HistoryRequest extends ChannelAddress, Forwarded {
  readonly from?: Date;
  readonly to?: Date;
}

/** Longest interval of a stream, in milliseconds. */
export const MAX_STREAM_INTERVAL_MS = 86_400_000;

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeRead(request: ReadRequest): Element {
  return xml('read', requestAttributes(request));
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeRead(element: Element): ReadRequest {
  requireElement(element, 'read', IEEE1451_NAMESPACE);
  return { ...channelAddress(element), ...forwarded(element) };
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeWrite(request: WriteRequest): Element {
  return xml('write', requestAttributes(request), encodeSampleElements(request.samples));
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeWrite(element: Element): WriteRequest {
  requireElement(element, 'write', IEEE1451_NAMESPACE);
  return { ...channelAddress(element), ...forwarded(element), samples: decodeSampleElements(element) };
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeStream(request: StreamRequest): Element {
  checkRange(request.interval, 1, MAX_STREAM_INTERVAL_MS, 'an interval');
  return xml('stream', { ...requestAttributes(request), interval: request.interval });
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeStream(element: Element): StreamRequest {
  requireElement(element, 'stream', IEEE1451_NAMESPACE);
  return {
    ...channelAddress(element),
    ...forwarded(element),
    interval: integerAttribute(element, 'interval', 1, MAX_STREAM_INTERVAL_MS),
  };
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeStreaming({ id, until }: Streaming): Element {
  return xml('streaming', { xmlns: IEEE1451_NAMESPACE, id: xmlText(id, 'id'), until: dateText(until, 'until') });
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeStreaming(element: Element): Streaming {
  requireElement(element, 'streaming', IEEE1451_NAMESPACE);
  return { id: textAttribute(element, 'id'), until: dateAttribute(element, 'until') };
}

/** `<stop/>`: ends a stream; or, in a message, tells that it has ended, and why. */
export interface Stop {
  readonly stream: string;
  readonly reason?: string;
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeStop({ stream, reason }: Stop): Element {
  return xml('stop', {
    xmlns: IEEE1451_NAMESPACE,
    stream: xmlText(stream, 'stream'),
    reason: xmlText(reason, 'reason'),
  });
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeStop(element: Element): Stop {
  requireElement(element, 'stop', IEEE1451_NAMESPACE);
  const reason = element.attribute('reason');
  return { stream: textAttribute(element, 'stream'), ...(reason === undefined ? {} : { reason }) };
}

/** A `<set/>` of XEP-0059 goes into it. @throws Ieee1451Error `limit-exceeded` */
export function encodeHistory(request: HistoryRequest): Element {
  const { from, to } = request;
  return xml('history', {
    ...requestAttributes(request),
    from: from && dateText(from, 'from'),
    to: to && dateText(to, 'to'),
  });
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeHistory(element: Element): HistoryRequest {
  requireElement(element, 'history', IEEE1451_NAMESPACE);
  const [from, to] = [optionalDate(element, 'from'), optionalDate(element, 'to')];
  return {
    ...channelAddress(element),
    ...forwarded(element),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** `<follow/>`: changes of the tree and events are told until `<unfollow/>`, or until the follower is unavailable. */
export function encodeFollow(): Element {
  return xml('follow', { xmlns: IEEE1451_NAMESPACE });
}

export function encodeUnfollow(): Element {
  return xml('unfollow', { xmlns: IEEE1451_NAMESPACE });
}

function requestAttributes({ originator, ...address }: ChannelAddress & Forwarded) {
  return {
    xmlns: IEEE1451_NAMESPACE,
    ...addressAttributes(address),
    originator: xmlText(originator, 'originator'),
  };
}
