import { type Element, xml } from '@thingward/xml';
import { Ieee1451Error } from '../error.ts';
import { formatNumber, parseNumber } from '../float.ts';
import { IEEE1451_NAMESPACE } from '../namespace.ts';
import { parseHex } from '../octets.ts';
import type { Sample } from '../sample.ts';
import { hexAttribute, requireElement } from '../xml-attributes.ts';
import { addressAttributes, type ChannelAddress, channelAddress } from './address.ts';
import { dateAttribute, dateText, xmlText } from './attributes.ts';

/** A data set of a channel. */
export interface Reading {
  readonly time: Date;
  /** Of the UCUM; undefined where there is none. */
  readonly unit?: string;
  readonly samples: readonly Sample[];
}

export interface AddressedReading extends Reading, ChannelAddress {
  /** The stream it is of. */
  readonly stream?: string;
}

/** `<reading/>`: the answer to a read, or one of a stream. @throws Ieee1451Error `limit-exceeded` */
export function encodeReading({ stream, ...reading }: AddressedReading): Element {
  return xml(
    'reading',
    {
      xmlns: IEEE1451_NAMESPACE,
      stream: xmlText(stream, 'stream'),
      ...addressAttributes(reading),
      ...readingAttributes(reading),
    },
    encodeSampleElements(reading.samples),
  );
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeReading(element: Element): AddressedReading {
  requireElement(element, 'reading', IEEE1451_NAMESPACE);
  const stream = element.attribute('stream');
  return {
    ...channelAddress(element),
    ...decodePlainReading(element),
    ...(stream === undefined ? {} : { stream }),
  };
}

/** `<event/>`: what a channel told by itself. @throws Ieee1451Error `limit-exceeded` */
export function encodeEvent(reading: AddressedReading): Element {
  return xml('event', { xmlns: IEEE1451_NAMESPACE }, encodeReading(reading));
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeEvent(element: Element): AddressedReading {
  requireElement(element, 'event', IEEE1451_NAMESPACE);
  const reading = element.child('reading');
  if (!reading) throw new Ieee1451Error('malformed-xml', '<event> has a <reading>');
  return decodeReading(reading);
}

/** `<readings/>`: a page of the history of a channel. */
export interface Readings extends ChannelAddress {
  readonly readings: readonly Reading[];
}

/** A `<set/>` of XEP-0059 goes behind the readings. @throws Ieee1451Error `limit-exceeded` */
export function encodeReadings({ readings, ...address }: Readings): Element {
  return xml(
    'readings',
    { xmlns: IEEE1451_NAMESPACE, ...addressAttributes(address) },
    readings.map((reading) => xml('reading', readingAttributes(reading), encodeSampleElements(reading.samples))),
  );
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeReadings(element: Element): Readings {
  requireElement(element, 'readings', IEEE1451_NAMESPACE);
  return { ...channelAddress(element), readings: element.childrenNamed('reading').map(decodePlainReading) };
}

/** Numbers as text; other samples as their octets. @throws Ieee1451Error `limit-exceeded` */
export function encodeSampleElements(samples: readonly Sample[]): Element[] {
  return samples.map((sample) => {
    if (typeof sample === 'number') return xml('sample', {}, formatNumber(sample));
    if (parseHex(sample)) return xml('sample', { octets: sample });
    throw new Ieee1451Error('limit-exceeded', `the sample "${sample.slice(0, 60)}" is no number and no octets`);
  });
}

/** @throws Ieee1451Error `malformed-xml` */
export function decodeSampleElements(parent: Element): Sample[] {
  return parent.childrenNamed('sample').map((element) => {
    if (hexAttribute(element, 'octets')) return (element.attribute('octets') as string).toLowerCase();
    const value = parseNumber(element.text.trim());
    if (value !== undefined) return value;
    throw new Ieee1451Error(
      'malformed-xml',
      `<sample> holds "${element.text.slice(0, 60)}": expected a number, or an attribute octets`,
    );
  });
}

function readingAttributes({ time, unit }: Reading) {
  return { time: dateText(time, 'time'), unit: xmlText(unit, 'unit') };
}

function decodePlainReading(element: Element): Reading {
  const unit = element.attribute('unit');
  return {
    time: dateAttribute(element, 'time'),
    ...(unit === undefined ? {} : { unit }),
    samples: decodeSampleElements(element),
  };
}
