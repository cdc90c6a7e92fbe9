import { type Element, xml } from '@thingward/xml';
import { Dnp3Error } from './error.ts';
import type { Fragment } from './fragment.ts';
import {
  CONFIRM,
  DELAY_MEASUREMENT,
  DISABLE_UNSOLICITED,
  ENABLE_UNSOLICITED,
  isResponse,
  READ,
} from './function-codes.ts';
import { UNCONFIRMED_USER_DATA } from './link-frame.ts';
import { decodePackets, encodePacket, type Packet } from './packet.ts';
import { DNP3_NAMESPACE, packetFromXml, packetToXml } from './packet-xml.ts';
import { formatTime, parseTime } from './values-text.ts';
import { xmlError } from './xml-attributes.ts';

/* What travels between the adapter at a master and the one at its outstations. */

/** A packet that carries one fragment in frames that the data link does not confirm. */
export interface CarriedPacket extends Packet {
  readonly fragment: Fragment;
}

/** A master's packet on its way to an outstation. */
export interface CarriedRequest {
  readonly packet: CarriedPacket;
  /** Which of the lines behind the address it goes to, where there are several. */
  readonly line?: string | undefined;
  /** When it must not be sent any more, by the clock of who sent it. */
  readonly expires?: Date | undefined;
}

const OBSERVING: ReadonlySet<number> = new Set([
  CONFIRM,
  READ,
  DELAY_MEASUREMENT,
  ENABLE_UNSOLICITED,
  DISABLE_UNSOLICITED,
]);

/** Does a request with this function only ask, or say what its master wants to be told of? All others may change something. */
export function isObserving(code: number): boolean {
  return OBSERVING.has(code);
}

/** `<request/>` */
export function encodeCarriedRequest({ packet, line, expires }: CarriedRequest): Element {
  return xml(
    'request',
    { xmlns: DNP3_NAMESPACE, line, expires: expires && formatTime(expires.getTime()) },
    packetToXml(packet),
  );
}

/** @throws Dnp3Error `malformed-xml` */
export function decodeCarriedRequest(element: Element): CarriedRequest {
  const packet = carried(element, 'request', true);
  if (!packet) throw malformed('a <request> holds a <packet>');
  const line = element.attribute('line');
  const text = element.attribute('expires');
  if (text === undefined) return { packet, line };
  const time = parseTime(text);
  if (time === undefined) throw xmlError(element, 'expires', 'a time in UTC such as 2026-07-01T12:00:00.000Z');
  return { packet, line, expires: new Date(time) };
}

/** `<response/>`. @param packet undefined where outstations do not answer */
export function encodeCarriedResponse(packet: CarriedPacket | undefined): Element {
  return xml('response', { xmlns: DNP3_NAMESPACE }, packet && packetToXml(packet));
}

/** @throws Dnp3Error `malformed-xml` */
export function decodeCarriedResponse(element: Element): CarriedPacket | undefined {
  return carried(element, 'response', false);
}

/** `<report/>`: what an outstation says beside the first packet of an answer. */
export function encodeCarriedReport(packet: CarriedPacket): Element {
  return xml('report', { xmlns: DNP3_NAMESPACE }, packetToXml(packet));
}

/** @throws Dnp3Error `malformed-xml` */
export function decodeCarriedReport(element: Element): CarriedPacket {
  const packet = carried(element, 'report', false);
  if (!packet) throw malformed('a <report> holds a <packet>');
  return packet;
}

function carried(element: Element, name: string, fromMaster: boolean): CarriedPacket | undefined {
  if (!element.is(name, DNP3_NAMESPACE)) {
    throw malformed(`expected <${name} xmlns='${DNP3_NAMESPACE}'>, got <${element.name}>`);
  }
  const [child, ...others] = element.elements;
  if (others.length > 0) throw malformed(`a <${name}> holds one <packet>`);
  if (!child) return undefined;
  checkElements(child);
  return carriedPacket(asReceived(packetFromXml(child)), fromMaster);
}

/**
 * The packet as who gets its octets reads them. The same octets can be written in several ways, as a number that a float rounds, or as
 * a rest that could be understood: what is judged is what arrives.
 * @throws Dnp3Error
 */
function asReceived(packet: Packet): Packet {
  const [received, ...others] = decodePackets(encodePacket(packet));
  if (!received || others.length > 0) throw malformed('the segments of the frames do not belong together');
  return received;
}

/** What is passed over when it is read could mean something to others. @throws Dnp3Error `malformed-xml` */
function checkElements(packet: Element): void {
  const check = (parent: Element, known: readonly string[]) => {
    for (const child of parent.elements) {
      const isKnown = child.namespace === DNP3_NAMESPACE && (known.length === 0 || known.includes(child.name));
      if (!isKnown) throw malformed(`<${child.name} xmlns='${child.namespace}'> does not belong into <${parent.name}>`);
    }
  };
  check(packet, ['frame', 'fragment']);
  const fragments = packet.childrenNamed('fragment');
  if (fragments.length > 1) throw malformed('a packet carries one fragment');
  for (const fragment of fragments) {
    check(fragment, ['objects', 'rest']);
    if (fragment.childrenNamed('rest').length > 1) throw malformed('a fragment has one <rest>');
    for (const objects of fragment.childrenNamed('objects')) check(objects, []);
  }
}

/**
 * The packet, when it is one that can be carried: its frames hold one fragment, from its first segment to its last, so that whoever is
 * sent them gets the very fragment that was judged.
 * @throws Dnp3Error `malformed-xml`
 */
export function carriedPacket(packet: Packet, fromMaster: boolean): CarriedPacket {
  const { frames, fragment } = packet;
  if (!fragment) throw malformed('the packet holds no fragment');
  const { first, final } = fragment.control;
  if (fromMaster && !(first && final)) throw malformed('a request is a fragment of its own');
  if (isResponse(fragment.function) === fromMaster) {
    throw malformed(fromMaster ? 'a master sends no responses' : 'an outstation sends responses only');
  }
  const start = frames[0]?.segment?.sequence ?? 0;
  for (const [i, { control, segment }] of frames.entries()) {
    const { primary, function: code } = control;
    if (control.fromMaster !== fromMaster || !primary || code !== UNCONFIRMED_USER_DATA) {
      const sender = fromMaster ? 'master' : 'outstation';
      throw malformed(`the frames are unconfirmed user data from the ${sender}`);
    }
    const isInPlace =
      segment?.first === (i === 0) &&
      segment.final === (i === frames.length - 1) &&
      segment.sequence === ((start + i) & 0x3f);
    if (!isInPlace) throw malformed('the segments of the frames do not belong together');
  }
  return { ...packet, fragment };
}

function malformed(message: string): Dnp3Error {
  return new Dnp3Error('malformed-xml', message);
}
