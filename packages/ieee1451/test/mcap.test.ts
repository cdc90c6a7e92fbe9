import { readFileSync } from 'node:fs';
import { buildGrammars, compileSchema, ExiDecoder, ExiEncoder } from '@thingward/exi';
import { type Element, parseElement, xml } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTeds, formatHex, Ieee1451Error } from '../src/index.ts';
import * as mcap from '../src/mcap/index.ts';
import {
  ANNOUNCEMENT,
  DISCOVER,
  HISTORY,
  INTERFACE,
  NCAP,
  READERS,
  READING,
  READINGS,
  REQUEST,
  STOP,
  STREAM,
  STREAMING,
  TREE_CHANGE,
  WRITE,
} from './arbitrary-mcap.ts';

const bytes = readFileSync(new URL('../src/schema.xsd', import.meta.url));
const grammars = buildGrammars(compileSchema([{ location: 'schema.xsd', bytes }]));
/** Strict grammars have no way out: what the schema does not allow can't be coded. */
const options = { strict: true } as const;

const onTheWire = (element: Element) => parseElement(element.toString());

function throughExi(element: Element): Element {
  const decoder = new ExiDecoder({ options, grammars });
  decoder.push(new ExiEncoder({ options, grammars }).encodeElement(element));
  return decoder.nextElement() as Element;
}

/** Each payload with what is made of it and how it is read. */
const PAYLOADS: readonly (readonly [
  string,
  fc.Arbitrary<never>,
  (value: never) => Element,
  (e: Element) => unknown,
])[] = [
  ['discover', DISCOVER, mcap.encodeDiscover, mcap.decodeDiscover],
  ['resources', fc.array(NCAP, { maxLength: 2 }), mcap.encodeResources, mcap.decodeResources],
  ['announce', ANNOUNCEMENT, mcap.encodeAnnouncement, mcap.decodeAnnouncement],
  ['joined and left', TREE_CHANGE, mcap.encodeTreeChange, mcap.decodeTreeChange],
  ['interface request', REQUEST, mcap.encodeInterfaceRequest, mcap.decodeInterfaceRequest],
  ['read', REQUEST, mcap.encodeRead, mcap.decodeRead],
  ['write', WRITE, mcap.encodeWrite, mcap.decodeWrite],
  ['stream', STREAM, mcap.encodeStream, mcap.decodeStream],
  ['streaming', STREAMING, mcap.encodeStreaming, mcap.decodeStreaming],
  ['readers', READERS, mcap.encodeMcapReaders, mcap.decodeMcapReaders],
  ['stop', STOP, mcap.encodeStop, mcap.decodeStop],
  ['history', HISTORY, mcap.encodeHistory, mcap.decodeHistory],
  ['reading', READING, mcap.encodeReading, mcap.decodeReading],
  ['readings', READINGS, mcap.encodeReadings, mcap.decodeReadings],
  ['event', READING, mcap.encodeEvent, mcap.decodeEvent],
] as never;

describe('payloads of the exchanges', () => {
  it.each(PAYLOADS)('%s is the same after XML and after EXI that keeps to the schema', (_, values, encode, decode) => {
    fc.assert(
      fc.property(values, (value) => {
        const element = encode(value);
        expect(decode(onTheWire(element))).toEqual(value);
        expect(decode(throughExi(element))).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });

  it('interface is the same, with the octets of its TEDS', () => {
    fc.assert(
      fc.property(INTERFACE, ({ teds, ...rest }) => {
        const element = mcap.encodeInterface({ ...rest, teds });
        for (const again of [onTheWire(element), throughExi(element)]) {
          const { teds: read, ...others } = mcap.decodeInterface(again);
          expect(others).toEqual(rest);
          expect(read.map((one) => formatHex(encodeTeds(one)))).toEqual(teds.map((one) => formatHex(encodeTeds(one))));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('have room for a page of a result', () => {
    const set = xml('set', { xmlns: 'http://jabber.org/protocol/rsm' }, xml('max', {}, '10'));
    const address = { ncap: UUID, tim: UUID, channel: 1 };
    for (const element of [
      mcap.encodeDiscover(),
      mcap.encodeResources([]),
      mcap.encodeHistory(address),
      mcap.encodeReadings({ ...address, readings: [] }),
    ]) {
      expect(String(throughExi(element.append(set)).childIn('http://jabber.org/protocol/rsm'))).toBe(String(set));
    }
    for (const element of [mcap.encodeFollow(), mcap.encodeUnfollow()]) {
      expect(String(throughExi(element))).toBe(String(element));
    }
  });

  it.each([
    ['a NCAP that is no UUID', () => mcap.decodeDiscover(element(`<discover ncap='7'`)), 'a UUID of 16 octets'],
    ['a UUID of 10 octets', () => mcap.decodeDiscover(element(`<discover ncap='${'12'.repeat(10)}'`)), '16 octets'],
    ['no channel', () => mcap.decodeRead(element(`<read ncap='${UUID}' tim='${UUID}'`)), 'the attribute channel'],
    ['channel 0', () => mcap.decodeRead(element(`<read ncap='${UUID}' tim='${UUID}' channel='0'`)), '1 to 65535'],
    ['an originator that is nobody', () => mcap.decodeRead(element(`<read ${AT} originator=''`)), 'a JID'],
    ['a stream without pause', () => mcap.decodeStream(element(`<stream ${AT} interval='0'`)), '1 to 86400000'],
    ['another element', () => mcap.decodeRead(element(`<write ${AT}`)), 'expected <read'],
    [
      'a time without zone',
      () => mcap.decodeHistory(element(`<history ${AT} from='2026-01-01T00:00:00'`)),
      'time zone',
    ],
    [
      'a sample that is none',
      () => mcap.decodeWrite(parseElement(`<write xmlns='${NS}' ${AT}><sample>warm</sample></write>`)),
      'holds "warm"',
    ],
    [
      'octets by half',
      () => mcap.decodeWrite(parseElement(`<write xmlns='${NS}' ${AT}><sample octets='1'/></write>`)),
      'hexadecimal',
    ],
    ['an announcement of nothing', () => mcap.decodeAnnouncement(element(`<announce lease='60'`)), 'one <ncap>'],
    ['an operation that is none', () => mcap.decodeInterface(operation('melt')), 'read, write, stream, history'],
  ])('are refused, with what is wrong: %s', (_, decode, message) => {
    expect(decode).toThrow(Ieee1451Error);
    expect(decode).toThrow(message);
  });
});

const NS = 'urn:thingward:ieee1451:1';
const UUID = '00112233-4455-6677-8899-aabbccddeeff';
const AT = `ncap='${UUID}' tim='${UUID}' channel='1'`;
const element = (start: string) => parseElement(`${start} xmlns='${NS}'/>`);
const operation = (name: string) =>
  parseElement(`<interface xmlns='${NS}' ${AT}><operation name='${name}'/></interface>`);
