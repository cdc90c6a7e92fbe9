import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TEDS_OCTETS } from '../../test/arbitrary-teds.ts';
import {
  decodeTeds,
  decodeTedsBlock,
  encodeTeds,
  encodeTedsBlock,
  formatHex,
  Ieee1451Error,
  isOpaque,
  parseHex,
  type TedsField,
  tedsFromJson,
  tedsFromXml,
  tedsProblems,
  tedsToJson,
  tedsToXml,
  tedsValue,
} from '../index.ts';

const octets = (text: string) => parseHex(text.replaceAll(' ', '')) as Uint8Array;

/** A thermometer of the edition of 2024 that was written for this test by hand, field by field. */
const BLOCK = [
  '03 05 00 ff 03 02 01', // 1451.0, TransducerChannel, version 2, lengths of one octet
  '0a 01 01', // calibration supplied
  '0b 01 00', // sensor
  '0c 0a 00 80 80 80 80 80 80 82 80 80', // kelvin
  '0d 04 43 69 26 66', // 233.15
  '0e 04 43 b9 93 33', // 371.15
  '0f 04 7f ff ff ff', // not known
  '12 0a 28 01 01 29 01 04 2a 02 00 20', // float32 of four octets
  '1f 06 30 01 11 31 01 10', // trigger-initiated or immediate
  'c8 02 be ef', // the manufacturer's
].join(' ');
const LENGTH = octets(BLOCK).length + 2;
const SUM = [...octets(BLOCK), LENGTH].reduce((sum, octet) => sum + octet, 0);
const THERMOMETER = octets(
  `${LENGTH.toString(16).padStart(8, '0')}${BLOCK}${(0xffff - SUM).toString(16).padStart(4, '0')}`,
);

const KNOWN = [
  ['calibrationKey', 'supplied'],
  ['channelType', 'sensor'],
  ['physicalUnits', { form: 'packed', interpretation: 'si', exponents: { K: 1 } }],
  ['lowLimit', 233.15],
  ['highLimit', 371.15],
  ['worstCaseUncertainty', Number.NaN],
  ['sample.dataModel', 'float32'],
  ['sample.modelLength', 4],
  ['sample.significantBits', 32],
  ['sampling.modeCapability', ['trigger-initiated', 'immediate']],
  ['sampling.defaultMode', ['immediate']],
] as const;

describe('a TEDS', () => {
  it('has the values of its fields', () => {
    const teds = decodeTeds(THERMOMETER);
    expect(teds).toMatchObject({ family: 0, member: 255, tedsClass: 3, version: 2, tupleLength: 1 });
    for (const [path, value] of KNOWN) expect(tedsValue(teds, path), path).toEqual(value);
    expect(teds.fields.at(-1)).toEqual({ type: 200, octets: Uint8Array.of(0xbe, 0xef) });
    expect(tedsValue(teds, 'sample.seriesOrigin')).toBeUndefined();
    expect(tedsProblems(teds)).toEqual([]);
  });

  it('is the same octets again, after JSON and after XML', () => {
    const teds = decodeTeds(THERMOMETER);
    expect(formatHex(encodeTeds(teds))).toBe(formatHex(THERMOMETER));
    expect(formatHex(encodeTedsBlock(decodeTedsBlock(octets(BLOCK))))).toBe(formatHex(octets(BLOCK)));
    const json = JSON.parse(JSON.stringify(tedsToJson(teds)));
    expect(json).toMatchObject({
      teds: 'transducer-channel',
      fields: expect.arrayContaining([
        { name: 'lowLimit', value: 233.15, unit: 'K' },
        { name: 'worstCaseUncertainty', value: 'NaN', unit: 'K' },
        { type: 200, octets: 'beef' },
      ]),
    });
    expect(formatHex(encodeTeds(tedsFromJson(json)))).toBe(formatHex(THERMOMETER));
    const element = String(tedsToXml(teds));
    expect(element).toContain("<field name='lowLimit' unit='K'>233.15</field>");
    expect(element).toContain("<units form='packed' interpretation='si' K='1' ucum='K'/>");
    expect(formatHex(encodeTeds(tedsFromXml(parseElement(element))))).toBe(formatHex(THERMOMETER));
  });

  it('can be written by hand with as little as this', () => {
    const teds = tedsFromJson({
      teds: 'transducer-channel',
      fields: [
        { name: 'channelType', value: 'actuator' },
        { name: 'physicalUnits', units: 'm/s2' },
        { name: 'highLimit', value: 2.5 },
        {
          name: 'sample',
          fields: [
            { name: 'dataModel', value: 'integer' },
            { name: 'modelLength', value: 2 },
          ],
        },
      ],
    });
    expect(formatHex(encodeTedsBlock(teds))).toBe(
      formatHex(
        octets(
          '03 04 00 03 01 01 0b 01 01 0c 0a 00 80 80 82 80 7c 80 80 80 80 0e 04 40 20 00 00 12 06 28 01 00 29 01 02',
        ),
      ),
    );
  });

  it('of any class and any octets is the same after JSON and XML', () => {
    let understood = 0;
    let carried = 0;
    fc.assert(
      fc.property(TEDS_OCTETS, (before) => {
        const teds = decodeTeds(before);
        for (const field of teds.fields) isOpaque(field) ? carried++ : understood++;
        tedsProblems(teds);
        const hex = formatHex(before);
        expect(formatHex(encodeTeds(teds))).toBe(hex);
        expect(formatHex(encodeTeds(tedsFromJson(JSON.parse(JSON.stringify(tedsToJson(teds))))))).toBe(hex);
        expect(formatHex(encodeTeds(tedsFromXml(parseElement(String(tedsToXml(teds))))))).toBe(hex);
      }),
      { numRuns: 1000 },
    );
    expect(understood).toBeGreaterThan(500);
    expect(carried).toBeGreaterThan(500);
  });

  it('is refused with the octet that is wrong, or not at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(50), fc.nat(255), (noise, at, octet) => {
        for (const input of [noise, THERMOMETER.with(at, octet), THERMOMETER.subarray(0, at)]) {
          try {
            const teds = decodeTeds(input, { keepChecksum: true });
            expect(formatHex(encodeTeds(teds))).toBe(formatHex(input));
          } catch (error) {
            expect(error).toBeInstanceOf(Ieee1451Error);
            expect(error).toMatchObject({ code: 'malformed-teds', offset: expect.any(Number) });
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['0000', 'the length of a TEDS has 4 octets, and 2 follow (at octet 0)'],
    ['00000009', 'the length says that 9 octets follow, and there are 0 (at octet 0)'],
    ['00000001 ff', 'a TEDS has a checksum of two octets (at octet 4)'],
    ['00000008 02 04 00 01 01 01 0000', 'the first field is the identification, type 3, not 2 (at octet 4)'],
    ['00000008 03 06 00 01 01 01 0000', 'an identification has 4 octets (2007) or 5 (2024), not 6 (at octet 5)'],
    ['00000008 03 04 00 01 01 05 0000', 'lengths have 1 to 4 octets, not 5 (at octet 9)'],
    ['0000000b 03 04 00 01 01 01 0d 02 00 0000', 'the value of channels has 2 octets, and 1 follow (at octet 12)'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => decodeTeds(octets(text), { keepChecksum: true })).toThrow(message);
  });

  it('with a wrong checksum is refused, or carried with it', () => {
    const wrong = THERMOMETER.with(-1, 0);
    expect(() => decodeTeds(wrong)).toThrow(Ieee1451Error);
    try {
      decodeTeds(wrong);
    } catch (error) {
      expect(error).toMatchObject({ code: 'wrong-checksum', offset: wrong.length - 2 });
    }
    const teds = decodeTeds(wrong, { keepChecksum: true });
    expect(formatHex(encodeTeds(teds))).toBe(formatHex(wrong));
    expect(tedsProblems(teds)).toContainEqual({ path: 'checksum', message: 'is not that of the octets' });
    expect(formatHex(encodeTeds(tedsFromXml(tedsToXml(teds))))).toBe(formatHex(wrong));
  });

  it('whose lengths have one octet in spite of its tuple length is carried as it is', () => {
    const block = octets('03 04 00 01 01 04 04 0a 01 02 03 04 05 06 07 08 09 0a 0d 02 00 02');
    const teds = decodeTedsBlock(block);
    expect([teds.tupleLength, teds.lengthOctets, tedsValue(teds, 'channels')]).toEqual([4, 1, 2]);
    expect(tedsProblems(teds)).toContainEqual({ path: 'tupleLength', message: 'is 4, and lengths have 1 octets' });
    expect(formatHex(encodeTedsBlock(tedsFromJson(tedsToJson(teds))))).toBe(formatHex(block));
    expect(formatHex(encodeTedsBlock(tedsFromXml(tedsToXml(teds))))).toBe(formatHex(block));
  });

  it('tells what is wrong with its fields, and where', () => {
    const teds = decodeTedsBlock(
      octets('03 04 00 03 01 01 0b 02 00 00 0d 04 41 20 00 00 0e 04 3f 80 00 00 0d 04 00 00 00 00 12 04 28 02 00 00'),
    );
    expect(tedsProblems(teds)).toEqual([
      { offset: 10, path: 'channelType', message: 'its value has 1 octets, not 2' },
      { offset: 26, path: 'lowLimit', message: 'is there twice' },
      { offset: 34, path: 'sample.dataModel', message: 'its value has 1 octets, not 2' },
      { path: 'sample.modelLength', message: 'is missing (type 41)' },
      { path: 'physicalUnits', message: 'is missing (type 12)' },
      { path: 'lowLimit', message: 'of 10 is above the highLimit of 1' },
    ]);
  });
});

describe('values that do not fit', () => {
  it.each([
    [{ name: 'lowLimit', value: 'much' }, 'lowLimit is "much": expected a number, INF, -INF or NaN'],
    [{ name: 'channelType', value: 'pump' }, 'channelType is "pump": expected sensor, actuator, event-sensor'],
    [{ name: 'size', value: 1 }, 'name is "size": expected a field: calibrationKey'],
    [{ name: 'physicalUnits', units: 'Cel' }, '"Cel" in "Cel" is no unit of a TEDS: a TEDS holds no factors'],
    [{ name: 'sample', fields: [{ name: 'dataModel', value: true }] }, 'sample.dataModel'],
    [{ type: 300, octets: '00' }, 'type is 300: expected 0 to 255'],
    [{ type: 200, octets: 'xy' }, 'field 200 is "xy": expected octets'],
  ])('%j', (field, message) => {
    const encode = () => encodeTeds(tedsFromJson({ teds: 'transducer-channel', fields: [field] }));
    expect(encode).toThrow(Ieee1451Error);
    expect(encode).toThrow(message);
  });

  it('are refused with the path of the field when they are encoded', () => {
    const encode = (field: TedsField) =>
      encodeTeds({ family: 0, tedsClass: 3, version: 1, tupleLength: 1, fields: [field] });
    expect(() => encode({ type: 18, name: 'sample', value: [{ type: 41, name: 'modelLength', value: 256 }] })).toThrow(
      'sample.modelLength of 256: 0 to 255 are allowed',
    );
    expect(() => encode({ type: 200, octets: new Uint8Array(256) })).toThrow('the length of field 200 of 256');
    expect(() => encode({ type: 13, name: 'lowLimit', value: 1e39 })).toThrow('too large for a single-precision');
  });
});
