import { isXmlText, parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FIELD_TYPES } from '../sensor-data/field.ts';
import { PayloadError } from '../thing/payload.ts';
import { decodeSubscribe, decodeUnsubscribe, encodeSubscribe, encodeUnsubscribe } from './codec.ts';
import { addDuration, formatDuration, parseDuration, subtractDuration } from './duration.ts';

const NS = "xmlns='urn:xmpp:iot:events'";
/** Through bytes, as it goes on the wire. */
const wire = (element: { toString(): string }) => parseElement(element.toString());
const subscribe = (inner: string) => decodeSubscribe(parseElement(`<subscribe ${NS} ${inner}`));
const minutes = (count: number) => ({ months: 0, milliseconds: count * 60_000 });

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(isXmlText);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const change = double.map(Math.abs).filter((value) => value > 0);
const duration = fc.record({ months: fc.integer({ min: 0, max: 120_000 }), milliseconds: fc.nat() });
const subscription = fc.record({
  seqnr: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  nodes: fc.array(fc.record({ nodeId: text.filter((id) => id !== '') }), { maxLength: 3 }),
  fields: fc.array(
    fc.record({
      name: text,
      currentValue: optional(double),
      changedBy: optional(change),
      changedUp: optional(change),
      changedDown: optional(change),
    }),
    { maxLength: 3 },
  ),
  types: fc.subarray([...FIELD_TYPES]),
  maxAge: optional(duration),
  minInterval: optional(duration),
  maxInterval: optional(duration),
  immediate: fc.boolean(),
  serviceToken: optional(text),
  deviceToken: optional(text),
  userToken: optional(text),
});

describe('subscriptions', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(subscription, (value) => {
        expect(decodeSubscribe(wire(encodeSubscribe(value)))).toEqual(value);
        expect(decodeUnsubscribe(wire(encodeUnsubscribe(value.seqnr)))).toBe(value.seqnr);
      }),
    );
  });

  test('are decoded or refused, whatever their attributes are', () => {
    const attribute = fc.constantFrom('seqnr', 'maxAge', 'minInterval', 'all', 'req', 'historical', 'momentary');
    fc.assert(
      fc.property(fc.dictionary(attribute, fc.string({ maxLength: 12 })), (attributes) => {
        const element = parseElement(`<subscribe ${NS}/>`).with(
          Object.fromEntries(Object.entries(attributes).filter(([, value]) => isXmlText(value))),
        );
        try {
          decodeSubscribe(element);
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError);
        }
      }),
    );
  });

  test.each([
    ["seqnr='1' momentary='true' maxInterval='PT5M' req='true'/>", { immediate: true, maxInterval: minutes(5) }],
    ["seqnr='1' momentary='true' maxInterval='PT5M'/>", { immediate: false, types: ['momentary'] }],
    [
      `seqnr='1' momentary='true' maxInterval='PT15M' minInterval='PT5S'>
          <field name='Light' changedBy='5'/>
          <field name='Motion' changedBy='1' currentValue='0'/>
          <field name='Temperature'/>
      </subscribe>`,
      {
        minInterval: { months: 0, milliseconds: 5000 },
        maxInterval: minutes(15),
        fields: [
          { name: 'Light', changedBy: 5 },
          { name: 'Motion', changedBy: 1, currentValue: 0 },
          { name: 'Temperature' },
        ],
      },
    ],
    [
      `seqnr='1' all='true' minInterval='PT1M' maxAge='PT5M'>
          <field name='Temperature'/>
          <field name='Light'/>
          <field name='Motion' changedUp='1'/>
      </subscribe>`,
      {
        types: FIELD_TYPES,
        maxAge: minutes(5),
        fields: [{ name: 'Temperature' }, { name: 'Light' }, { name: 'Motion', changedUp: 1 }],
      },
    ],
    [
      `seqnr='1' momentary='true' minInterval='PT5S' maxInternval='PT1H'>
          <node nodeId='DI1'/>
          <node nodeId='DI2'/>
          <node nodeId='DI3'/>
          <node nodeId='DI4'/>
          <field name='State' changeBy='1' currentValue='0'/>
      </subscribe>`,
      {
        nodes: ['DI1', 'DI2', 'DI3', 'DI4'].map((nodeId) => ({ nodeId })),
        maxInterval: minutes(60),
        fields: [{ name: 'State', changedBy: 1, currentValue: 0 }],
      },
    ],
  ])('of the document: %s', (inner, expected) => {
    const decoded = subscribe(inner);
    expect(decoded).toMatchObject(expected);
    expect(decodeSubscribe(wire(encodeSubscribe(decoded)))).toEqual(decoded);
  });

  test.each([
    ['without a number', '/>', 'subscribe/@seqnr'],
    ['for a length of time that is none', "seqnr='1' maxAge='5 minutes'/>", 'subscribe/@maxAge'],
    ['for a time that runs backwards', "seqnr='1' minInterval='-PT1S'/>", 'subscribe/@minInterval'],
    [
      'for a change of nothing',
      "seqnr='1'><field name='a' changedBy='0'/></subscribe>",
      'subscribe/field[1]/@changedBy',
    ],
    ['for a change that is no number', "seqnr='1'><field name='a' changedUp='INF'/></subscribe>", '@changedUp'],
    ['for a field without a name', "seqnr='1'><field/></subscribe>", 'subscribe/field[1]/@name'],
    ['for a node without an id', "seqnr='1'><node/></subscribe>", 'subscribe/node[1]/@nodeId'],
  ])('are refused %s', (_, inner, where) => {
    expect(() => subscribe(inner)).toThrow(PayloadError);
    expect(() => subscribe(inner)).toThrow(where);
  });

  test('that can not be written are refused', () => {
    const base = { seqnr: 1, nodes: [], types: [], fields: [], immediate: false };
    expect(() => encodeSubscribe({ ...base, fields: [{ name: 'a', changedBy: -1 }] })).toThrow(PayloadError);
    expect(() => encodeSubscribe({ ...base, maxAge: { months: 0, milliseconds: 0.5 } })).toThrow(PayloadError);
    expect(() => encodeSubscribe({ ...base, seqnr: 2 ** 31 })).toThrow(PayloadError);
  });
});

describe('lengths of time', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(duration, (value) => {
        expect(parseDuration(formatDuration(value))).toEqual(value);
      }),
    );
  });

  test.each([
    ['PT0S', 0, 0],
    ['P1Y2M', 14, 0],
    ['P2DT3H4M5.678S', 0, 2 * 86_400_000 + 3 * 3_600_000 + 4 * 60_000 + 5678],
    ['PT90S', 0, 90_000],
  ])('%s', (text, months, milliseconds) => {
    expect(parseDuration(text)).toEqual({ months, milliseconds });
  });

  test.each(['P', 'PT', 'P1', '1S', 'PT1', '-PT1S', 'P1DT', 'PT1.S', 'P1H', 'PT9999999999S'])('%s is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('after a date and before it', () => {
    const date = new Date('2024-01-31T12:00:00Z');
    expect(addDuration(date, { months: 1, milliseconds: 1000 }).toISOString()).toBe('2024-02-29T12:00:01.000Z');
    expect(subtractDuration(date, { months: 2, milliseconds: 0 }).toISOString()).toBe('2023-11-30T12:00:00.000Z');
  });
});
