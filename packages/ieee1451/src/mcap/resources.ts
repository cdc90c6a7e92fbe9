import { type Element, xml } from '@thingward/xml';
import { Ieee1451Error } from '../error.ts';
import { IEEE1451_NAMESPACE } from '../namespace.ts';
import { checkRange } from '../octets.ts';
import { integerAttribute, requireElement, textAttribute } from '../xml-attributes.ts';
import { nodeAttributes, optionalNode, requiredNode, type ThingNode } from './address.ts';
import {
  booleanAttribute,
  choiceAttribute,
  dateText,
  optionalDate,
  optionalUuid,
  uuidAttribute,
  uuidText,
  xmlText,
} from './attributes.ts';

/** What a channel does. @see IEEE 1451.0-2007, TransducerChannel TEDS, field 11 */
export const CHANNEL_KINDS = ['sensor', 'actuator', 'event-sensor'] as const;
export type ResourceKind = (typeof CHANNEL_KINDS)[number];

/** How a Thing beside the TIMs is reached; what TIMs have is the service type `gateway`. @see P21451-1-4 */
export const THING_SERVICES = ['direct-io', 'legacy-adapter', 'server-to-server'] as const;
export type ThingService = (typeof THING_SERVICES)[number];

/** Is it there, and since when that is so; what an NCAP announces of itself has no time. */
export interface Presence {
  readonly isPresent: boolean;
  readonly since?: Date;
}

export interface ChannelResource {
  /** From 1. */
  readonly number: number;
  readonly name: string;
  readonly kind: ResourceKind;
  /** Where it is a Thing. */
  readonly node: ThingNode;
}

export interface TimResource extends Presence {
  readonly id: string;
  readonly name: string;
  readonly node: ThingNode;
  readonly channels: readonly ChannelResource[];
}

/** A Thing of an NCAP that is no channel. */
export interface ThingResource {
  readonly service: ThingService;
  /** What it is reached by: `modbus`, `dnp3`, `opcua`; there is none where it is the host itself. */
  readonly protocol?: string;
  readonly name?: string;
  /** Undefined: the account itself. */
  readonly node?: ThingNode;
}

export interface NcapResource extends Presence {
  readonly id: string;
  readonly name: string;
  /** Bare JID of who speaks for it. It is the MCAP that says so: an announcement has none. */
  readonly jid?: string;
  /** What carries its messages where that is not XMPP: `1451.1.6`. */
  readonly protocol?: string;
  readonly tims: readonly TimResource[];
  readonly things: readonly ThingResource[];
}

/** `<discover/>`: asks for NCAPs and what they have; with UUIDs, for one. */
export interface Discover {
  readonly ncap?: string;
  readonly tim?: string;
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeDiscover({ ncap, tim }: Discover = {}): Element {
  return xml('discover', {
    xmlns: IEEE1451_NAMESPACE,
    ncap: ncap && uuidText(ncap, 'ncap'),
    tim: tim && uuidText(tim, 'tim'),
  });
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeDiscover(element: Element): Discover {
  requireElement(element, 'discover', IEEE1451_NAMESPACE);
  const ncap = optionalUuid(element, 'ncap');
  const tim = optionalUuid(element, 'tim');
  return { ...(ncap === undefined ? {} : { ncap }), ...(tim === undefined ? {} : { tim }) };
}

/** `<resources/>`: the answer; a `<set/>` of XEP-0059 goes behind the NCAPs. @throws Ieee1451Error `limit-exceeded` */
export function encodeResources(ncaps: readonly NcapResource[]): Element {
  return xml('resources', { xmlns: IEEE1451_NAMESPACE }, ncaps.map(encodeNcap));
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeResources(element: Element): NcapResource[] {
  requireElement(element, 'resources', IEEE1451_NAMESPACE);
  return element.childrenNamed('ncap').map(decodeNcap);
}

/** `<announce/>`: an NCAP tells its MCAP everything it has, again whenever that changes and before the lease ends. */
export interface Announcement {
  readonly ncap: NcapResource;
  /** Seconds for which it holds. */
  readonly lease: number;
}

/** Longest lease, in seconds. */
export const MAX_LEASE_SECONDS = 86_400;

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeAnnouncement({ ncap, lease }: Announcement): Element {
  checkRange(lease, 1, MAX_LEASE_SECONDS, 'a lease');
  return xml('announce', { xmlns: IEEE1451_NAMESPACE, lease }, encodeNcap(ncap));
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeAnnouncement(element: Element): Announcement {
  requireElement(element, 'announce', IEEE1451_NAMESPACE);
  return { lease: integerAttribute(element, 'lease', 1, MAX_LEASE_SECONDS), ncap: onlyNcap(element) };
}

/**
 * `<joined/>` and `<left/>`: what of the tree changed. The NCAP is there with those of its TIMs that are concerned; when it is the NCAP
 * itself, with everything it has (joined), or nothing (left).
 */
export interface TreeChange {
  readonly kind: 'joined' | 'left';
  readonly ncap: NcapResource;
  /** Why it left, for people. */
  readonly reason?: string;
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeTreeChange({ kind, ncap, reason }: TreeChange): Element {
  return xml(kind, { xmlns: IEEE1451_NAMESPACE, reason: xmlText(reason, 'reason') }, encodeNcap(ncap));
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeTreeChange(element: Element): TreeChange {
  const kind = element.is('left') ? 'left' : 'joined';
  requireElement(element, kind, IEEE1451_NAMESPACE);
  const reason = element.attribute('reason');
  return { kind, ncap: onlyNcap(element), ...(reason === undefined ? {} : { reason }) };
}

function encodeNcap({ id, name, jid, protocol, tims, things, ...presence }: NcapResource): Element {
  return xml(
    'ncap',
    {
      id: uuidText(id, 'ncap/@id'),
      name: xmlText(name, 'ncap/@name'),
      jid: xmlText(jid, 'ncap/@jid'),
      protocol: xmlText(protocol, 'ncap/@protocol'),
      ...presenceAttributes(presence),
    },
    tims.map(encodeTim),
    things.map(encodeThing),
  );
}

function decodeNcap(element: Element): NcapResource {
  const jid = element.attribute('jid');
  const protocol = element.attribute('protocol');
  return {
    id: uuidAttribute(element, 'id'),
    name: textAttribute(element, 'name'),
    ...(jid === undefined ? {} : { jid }),
    ...(protocol === undefined ? {} : { protocol }),
    ...decodePresence(element),
    tims: element.childrenNamed('tim').map(decodeTim),
    things: element.childrenNamed('thing').map(decodeThing),
  };
}

function encodeTim({ id, name, node, channels, ...presence }: TimResource): Element {
  return xml(
    'tim',
    {
      id: uuidText(id, 'tim/@id'),
      name: xmlText(name, 'tim/@name'),
      ...nodeAttributes(node),
      ...presenceAttributes(presence),
    },
    channels.map(({ number, name, kind, node }) => {
      checkRange(number, 1, 0xffff, 'a channel');
      return xml('channel', { number, name: xmlText(name, 'channel/@name'), kind, ...nodeAttributes(node) });
    }),
  );
}

function decodeTim(element: Element): TimResource {
  return {
    id: uuidAttribute(element, 'id'),
    name: textAttribute(element, 'name'),
    node: requiredNode(element),
    ...decodePresence(element),
    channels: element.childrenNamed('channel').map((child) => ({
      number: integerAttribute(child, 'number', 1, 0xffff),
      name: textAttribute(child, 'name'),
      kind: choiceAttribute(child, 'kind', CHANNEL_KINDS),
      node: requiredNode(child),
    })),
  };
}

function encodeThing({ service, protocol, name, node }: ThingResource): Element {
  return xml('thing', {
    service,
    protocol: xmlText(protocol, 'thing/@protocol'),
    name: xmlText(name, 'thing/@name'),
    ...nodeAttributes(node),
  });
}

function decodeThing(element: Element): ThingResource {
  const protocol = element.attribute('protocol');
  const name = element.attribute('name');
  const node = optionalNode(element);
  return {
    service: choiceAttribute(element, 'service', THING_SERVICES),
    ...(protocol === undefined ? {} : { protocol }),
    ...(name === undefined ? {} : { name }),
    ...(node === undefined ? {} : { node }),
  };
}

function presenceAttributes({ isPresent, since }: Presence) {
  return { present: isPresent, since: since && dateText(since, 'since') };
}

function decodePresence(element: Element): Presence {
  const since = optionalDate(element, 'since');
  return { isPresent: booleanAttribute(element, 'present'), ...(since === undefined ? {} : { since }) };
}

function onlyNcap(element: Element): NcapResource {
  const [ncap, second] = element.childrenNamed('ncap');
  if (ncap && !second) return decodeNcap(ncap);
  throw new Ieee1451Error('malformed-xml', `<${element.name}> has one <ncap>`);
}

/** The nodes of an NCAP: those of its TIMs, channels and other Things. */
export function nodesOf({ tims, things }: NcapResource): readonly (ThingNode | undefined)[] {
  return [
    ...tims.flatMap(({ node, channels }) => [node, ...channels.map((channel) => channel.node)]),
    ...things.map(({ node }) => node),
  ];
}
