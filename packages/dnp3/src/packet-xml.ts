import { type Element, xml } from '@thingward/xml';
import { Dnp3Error } from './error.ts';
import { type ApplicationControl, encodeFragment, type Fragment } from './fragment.ts';
import { FUNCTIONS, isResponse } from './function-codes.ts';
import { IIN_NAMES } from './internal-indications.ts';
import { type LinkControl, PRIMARY_FUNCTIONS, SECONDARY_FUNCTIONS } from './link-frame.ts';
import { bitNames, bitsOf, codeOf, nameOf } from './names.ts';
import { objectsFromXml, objectsToXml } from './objects-xml.ts';
import { formatHex } from './octets.ts';
import type { Packet, PacketFrame } from './packet.ts';
import { MAX_SEGMENT_OCTETS, type SegmentHeader } from './transport.ts';
import { booleanAttribute, hexContent, integerAttribute, optionalInteger, xmlError } from './xml-attributes.ts';

export const DNP3_NAMESPACE = 'urn:thingward:dnp3:1';

/**
 * A packet as XML that a person can read and that has everything of it: `encodePacket(packetFromXml(packetToXml(packet)))` are the same
 * octets.
 */
export function packetToXml({ destination, source, frames, fragment, raw }: Packet): Element {
  return xml(
    'packet',
    { xmlns: DNP3_NAMESPACE, destination, source },
    frames.map((frame, i) => frameToXml(frame, i === frames.length - 1)),
    fragment && fragmentToXml(fragment),
    raw && xml('raw', {}, formatHex(raw)),
  );
}

/** @throws Dnp3Error `malformed-xml` */
export function packetFromXml(element: Element): Packet {
  if (!element.is('packet', DNP3_NAMESPACE)) {
    throw new Dnp3Error(
      'malformed-xml',
      `expected <packet xmlns='${DNP3_NAMESPACE}'>, got <${element.name} xmlns='${element.namespace}'>`,
    );
  }
  const fragmentElement = element.child('fragment');
  const rawElement = element.child('raw');
  if (fragmentElement && rawElement) throw new Dnp3Error('malformed-xml', 'a packet has a <fragment> or a <raw>');
  const fragment = fragmentElement && fragmentFromXml(fragmentElement);
  const raw = rawElement && hexContent(rawElement);
  const frameElements = element.childrenNamed('frame');
  if (frameElements.length === 0) throw new Dnp3Error('malformed-xml', 'a packet has a <frame> at least');
  let remaining = fragment ? encodeFragment(fragment).length : (raw?.length ?? 0);
  const frames = frameElements.map((child, i): PacketFrame => {
    const isLast = i === frameElements.length - 1;
    const octets = optionalInteger(child, 'octets', 0, 250) ?? (isLast ? remaining : MAX_SEGMENT_OCTETS);
    remaining -= octets;
    return { ...frameFromXml(child), octets };
  });
  if (remaining !== 0) {
    const difference = remaining > 0 ? `${remaining} octets too few` : `${-remaining} octets too many`;
    throw new Dnp3Error('malformed-xml', `the frames have room for ${difference}`);
  }
  return {
    destination: integerAttribute(element, 'destination', 0, 0xffff),
    source: integerAttribute(element, 'source', 0, 0xffff),
    frames,
    ...(fragment ? { fragment } : {}),
    ...(raw ? { raw } : {}),
  };
}

function frameToXml({ control, segment, octets }: PacketFrame, isLast: boolean): Element {
  const { fromMaster, primary, frameCount, countValidOrBusy, function: code } = control;
  return xml('frame', {
    from: fromMaster ? 'master' : 'outstation',
    primary: primary ? undefined : false,
    function: nameOf(primary ? PRIMARY_FUNCTIONS : SECONDARY_FUNCTIONS, code),
    frameCount: frameCount || undefined,
    [primary ? 'frameCountValid' : 'busy']: countValidOrBusy || undefined,
    sequence: segment?.sequence,
    first: segment && !segment.first ? false : undefined,
    final: segment && !segment.final ? false : undefined,
    octets: isLast || octets === MAX_SEGMENT_OCTETS ? undefined : octets,
  });
}

function frameFromXml(element: Element): Omit<PacketFrame, 'octets'> {
  const from = element.attribute('from');
  if (from !== 'master' && from !== 'outstation') throw xmlError(element, 'from', 'master or outstation');
  const primary = booleanAttribute(element, 'primary', true);
  const names = primary ? PRIMARY_FUNCTIONS : SECONDARY_FUNCTIONS;
  const code = codeOf(names, element.attribute('function') ?? '', 15);
  if (code === undefined) throw xmlError(element, 'function', `one of ${Object.values(names).join(', ')}, or 0 to 15`);
  const control: LinkControl = {
    fromMaster: from === 'master',
    primary,
    frameCount: booleanAttribute(element, 'frameCount', false),
    countValidOrBusy: booleanAttribute(element, primary ? 'frameCountValid' : 'busy', false),
    function: code,
  };
  const sequence = optionalInteger(element, 'sequence', 0, 63);
  if (sequence === undefined) return { control };
  const segment: SegmentHeader = {
    first: booleanAttribute(element, 'first', true),
    final: booleanAttribute(element, 'final', true),
    sequence,
  };
  return { control, segment };
}

/** A fragment alone, as it is in a packet. */
export function fragmentToXml({ control, function: code, indications, objects, rest }: Fragment): Element {
  const { first, final, confirm, unsolicited, sequence } = control;
  return xml(
    'fragment',
    {
      xmlns: DNP3_NAMESPACE,
      function: nameOf(FUNCTIONS, code),
      sequence,
      first: first ? undefined : false,
      final: final ? undefined : false,
      confirm: confirm || undefined,
      unsolicited: unsolicited || undefined,
      indications: indications === undefined ? undefined : bitNames(IIN_NAMES, indications).join(' '),
    },
    objects.map((header) => objectsToXml(header, code)),
    rest && xml('rest', { problem: rest.problem }, formatHex(rest.octets)),
  );
}

/** @throws Dnp3Error `malformed-xml` */
export function fragmentFromXml(element: Element): Fragment {
  const code = codeOf(FUNCTIONS, element.attribute('function') ?? '', 0xff);
  if (code === undefined) throw xmlError(element, 'function', 'the name of a function, or its number');
  const control: ApplicationControl = {
    first: booleanAttribute(element, 'first', true),
    final: booleanAttribute(element, 'final', true),
    confirm: booleanAttribute(element, 'confirm', false),
    unsolicited: booleanAttribute(element, 'unsolicited', false),
    sequence: integerAttribute(element, 'sequence', 0, 15),
  };
  const rest = element.child('rest');
  return {
    control,
    function: code,
    ...(isResponse(code) ? { indications: indicationsFromXml(element) } : {}),
    objects: element.childrenNamed('objects').map((child) => objectsFromXml(child, code)),
    ...(rest ? { rest: { octets: hexContent(rest), problem: rest.attribute('problem') ?? '' } } : {}),
  };
}

function indicationsFromXml(element: Element): number {
  const bits = bitsOf(IIN_NAMES, element.attribute('indications') ?? '');
  if (bits === undefined) throw xmlError(element, 'indications', `some of ${IIN_NAMES.join(', ')}`);
  return bits;
}
