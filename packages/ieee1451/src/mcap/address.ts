import type { Element } from '@thingward/xml';
import { Ieee1451Error } from '../error.ts';
import { checkRange } from '../octets.ts';
import { integerAttribute, optionalInteger, textAttribute, xmlError } from '../xml-attributes.ts';
import { uuidAttribute, uuidText, xmlText } from './attributes.ts';

/** A TIM, or one of its channels. UUIDs are 8-4-4-4-12 hexadecimal digits in small letters. */
export interface TransducerAddress {
  readonly ncap: string;
  readonly tim: string;
  /** From 1; 0 or nothing is the TIM itself. */
  readonly channel?: number | undefined;
}

export interface ChannelAddress extends TransducerAddress {
  readonly channel: number;
}

/**
 * What a request has besides: on whose behalf the MCAP forwards it. An NCAP believes it from its MCAP alone, and the MCAP from nobody.
 */
export interface Forwarded {
  /** A bare JID. */
  readonly originator?: string | undefined;
}

/** Where it is a Thing behind an account. @see XEP-0326 §3.1 */
export interface ThingNode {
  readonly nodeId: string;
  readonly sourceId?: string;
  readonly cacheType?: string;
}

/** The attributes of an address. @throws Ieee1451Error `limit-exceeded` */
export function addressAttributes({ ncap, tim, channel }: TransducerAddress) {
  if (channel !== undefined) checkRange(channel, 0, 0xffff, 'a channel');
  return { ncap: uuidText(ncap, 'ncap'), tim: uuidText(tim, 'tim'), channel };
}

/** @throws Ieee1451Error `malformed-xml` */
export function transducerAddress(element: Element): TransducerAddress {
  const channel = optionalInteger(element, 'channel', 0, 0xffff);
  return {
    ncap: uuidAttribute(element, 'ncap'),
    tim: uuidAttribute(element, 'tim'),
    ...(channel === undefined ? {} : { channel }),
  };
}

/** @throws Ieee1451Error `malformed-xml` */
export function channelAddress(element: Element): ChannelAddress {
  return {
    ncap: uuidAttribute(element, 'ncap'),
    tim: uuidAttribute(element, 'tim'),
    channel: integerAttribute(element, 'channel', 1, 0xffff),
  };
}

/** @throws Ieee1451Error `malformed-xml` */
export function forwarded(element: Element): Forwarded {
  const originator = element.attribute('originator');
  if (originator === '') throw xmlError(element, 'originator', 'a JID');
  return originator === undefined ? {} : { originator };
}

/** @throws Ieee1451Error `limit-exceeded` */
export function nodeAttributes(node: ThingNode | undefined) {
  return {
    node: xmlText(node?.nodeId, 'node'),
    sourceId: xmlText(node?.sourceId, 'sourceId'),
    cacheType: xmlText(node?.cacheType, 'cacheType'),
  };
}

/** The node of an element; undefined for the account itself. @throws Ieee1451Error `malformed-xml` */
export function optionalNode(element: Element): ThingNode | undefined {
  const [sourceId, cacheType] = [element.attribute('sourceId'), element.attribute('cacheType')];
  const nodeId = element.attribute('node');
  if (nodeId === undefined) {
    if (sourceId !== undefined || cacheType !== undefined) textAttribute(element, 'node');
    return undefined;
  }
  return {
    nodeId,
    ...(sourceId === undefined ? {} : { sourceId }),
    ...(cacheType === undefined ? {} : { cacheType }),
  };
}

/** @throws Ieee1451Error `malformed-xml` */
export function requiredNode(element: Element): ThingNode {
  const node = optionalNode(element);
  if (node) return node;
  throw new Ieee1451Error('malformed-xml', `the attribute node of <${element.name}> is missing: expected text`);
}
