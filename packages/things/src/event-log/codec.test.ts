import { isXmlText, parseElement } from '@thingward/xml';
import { Jid, StanzaError } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadError } from '../thing/payload.ts';
import {
  decodeLoggedEvent,
  decodeLoggedEvents,
  EVENT_LEVELS,
  EVENT_TYPES,
  encodeLoggedEvent,
  type LoggedEvent,
} from './codec.ts';
import { decodeEventLogAnswer, decodeEventLogQuery, encodeEventLogAnswer, encodeEventLogQuery } from './query-codec.ts';

/** Through bytes, as it goes on the wire. */
const wire = (element: { toString(): string }) => parseElement(element.toString());
const log = (attributes: string, content = '<message>Something happened.</message>') =>
  parseElement(`<log xmlns='urn:xmpp:eventlog' ${attributes}>${content}</log>`);

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(isXmlText);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const date = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
const tag = fc.oneof(
  fc.record({ name: text, value: text, type: fc.constant('xs:string' as const) }),
  fc.record({
    name: text,
    value: fc.integer().map(String),
    type: fc.constantFrom('xs:int' as const, 'xs:long' as const),
  }),
  fc.record({
    name: text,
    value: fc.double().map((d) => String(d).replace('Infinity', 'INF')),
    type: fc.constant('xs:double' as const),
  }),
  fc.record({ name: text, value: fc.boolean().map(String), type: fc.constant('xs:boolean' as const) }),
);
const event: fc.Arbitrary<LoggedEvent> = fc.record({
  timestamp: date,
  type: fc.constantFrom(...EVENT_TYPES),
  level: fc.constantFrom(...EVENT_LEVELS),
  message: text,
  id: optional(text),
  object: optional(text),
  subject: optional(text),
  facility: optional(text),
  module: optional(text),
  tags: fc.array(tag, { maxLength: 3 }),
  stackTrace: optional(text),
});

describe('logged events', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(event, (value) => {
        expect(decodeLoggedEvent(wire(encodeLoggedEvent(value)))).toEqual(value);
      }),
    );
  });

  test.each<[string, string, string | undefined, Partial<LoggedEvent>]>([
    [
      'simple',
      "timestamp='2013-11-10T15:52:23Z'",
      undefined,
      { type: 'Informational', level: 'Minor', message: 'Something happened.' },
    ],
    [
      'of several lines',
      "timestamp='2013-11-12T11:47:12Z'",
      '<message>10 objects deleted:\nObject 1\n...\nObject 10</message>',
      { message: '10 objects deleted:\nObject 1\n...\nObject 10' },
    ],
    [
      'with type and level',
      "timestamp='2013-11-10T15:54:55Z' type='Warning' level='Major'",
      '<message>Low on memory.</message>',
      { type: 'Warning', level: 'Major' },
    ],
    [
      'with object and subject',
      "timestamp='2013-11-10T15:58:12Z' type='Informational' level='Major' object='Towel' subject='Arthur Dent'",
      '<message>Object deleted.</message>',
      { object: 'Towel', subject: 'Arthur Dent' },
    ],
    [
      'with an id',
      "id='LoginFailed' timestamp='2013-11-10T16:04:45Z' type='Warning' level='Minor' object='user1' subject='10.0.0.1'",
      '<message>User attempted to login but provided incorrect password.</message>',
      { id: 'LoginFailed', level: 'Minor' },
    ],
    [
      'with tags',
      "timestamp='2013-11-10T16:07:01Z' type='Informational' level='Minor'",
      `<message>Current resources.</message>
         <tag name='RAM' value='1655709892' type='xs:long'/>
         <tag name='CPU' value='75.45' type='xs:double'/>
         <tag name='HardDrive' value='163208757248' type='xs:long'/>`,
      {
        tags: [
          { name: 'RAM', value: '1655709892', type: 'xs:long' },
          { name: 'CPU', value: '75.45', type: 'xs:double' },
          { name: 'HardDrive', value: '163208757248', type: 'xs:long' },
        ],
      },
    ],
    [
      'with a module',
      "timestamp='2013-11-10T16:17:56Z' type='Error' level='Major' object='object1' subject='user1' module='application1'",
      '<message>Something horrible happened.</message>',
      { module: 'application1', type: 'Error' },
    ],
    [
      'for debugging',
      "timestamp='2013-11-10T16:12:25Z' type='Debug' level='Major' module='My new application' stackTrace='file1, line 1, ...'",
      `<message>Something is rotten in the state of Denmark.</message>
         <tag name='a' value='1' type='xs:int'/>
         <tag name='b' value='10' type='xs:int'/>
         <tag name='s' value='Hello World!' type='xs:string'/>
         <stackTrace>File1, Line1, ...\nFile2, Line2, ...\n...</stackTrace>`,
      { stackTrace: 'File1, Line1, ...\nFile2, Line2, ...\n...', type: 'Debug' },
    ],
  ])('of the document: %s', (_, attributes, content, expected) => {
    const decoded = decodeLoggedEvent(log(attributes, content));
    expect(decoded).toMatchObject(expected);
    expect(decodeLoggedEvent(wire(encodeLoggedEvent(decoded)))).toEqual(decoded);
  });

  test('of one message are all taken', () => {
    const message = parseElement(`<message xmlns='jabber:client'>
      <log xmlns='urn:xmpp:eventlog' timestamp='2013-11-10T15:52:23Z'><message>Something happened.</message></log>
      <log xmlns='urn:xmpp:eventlog' timestamp='2013-11-10T15:54:23Z'><message>Something else happened.</message></log>
    </message>`);
    expect(decodeLoggedEvents(message).map((one) => one.message)).toEqual([
      'Something happened.',
      'Something else happened.',
    ]);
  });

  test('may have tags of types that nobody knows', () => {
    const [only] = decodeLoggedEvent(
      log("timestamp='2013-11-10T15:52:23Z'", "<message/><tag name='a' value='b' type='my:own'/>"),
    ).tags;
    expect(only).toEqual({ name: 'a', value: 'b', type: 'xs:string' });
  });

  test.each([
    ['no time', '', '<message/>', 'log/@timestamp'],
    ['no message', "timestamp='2013-11-10T15:52:23Z'", '<tag name="a" value="b"/>', '<message/>'],
    ['a type that is none', "timestamp='2013-11-10T15:52:23Z' type='Fun'", '<message/>', 'log/@type'],
    ['a level that is none', "timestamp='2013-11-10T15:52:23Z' level='Huge'", '<message/>', 'log/@level'],
    [
      'a tag that is not of its type',
      "timestamp='2013-11-10T15:52:23Z'",
      "<message/><tag name='a' value='many' type='xs:int'/>",
      'log/tag[1]/@value',
    ],
  ])('are refused with %s', (_, attributes, content, where) => {
    expect(() => decodeLoggedEvent(log(attributes, content))).toThrow(PayloadError);
    expect(() => decodeLoggedEvent(log(attributes, content))).toThrow(where);
  });

  test.each([
    ['xs:byte', '127', '128'],
    ['xs:short', '-32768', '-32769'],
    ['xs:decimal', '1.50', '1e5'],
    ['xs:integer', '99999999999999999999', '1.0'],
    ['xs:double', 'INF', 'Infinity'],
    ['xs:boolean', '1', 'yes'],
    ['xs:date', '2026-02-28', '2026-02-30'],
    ['xs:dateTime', '2026-02-28T00:00:00Z', '2026-02-28'],
    ['xs:time', '12:00:00', '12'],
    ['xs:duration', 'P1D', '1D'],
    ['xs:language', 'en-GB', 'english-for-beginners'],
    ['xs:anyURI', 'https://example.org/a', 'no uri'],
  ])('have tags of %s: %s, and not %s', (type, good, bad) => {
    const decode = (value: string) =>
      decodeLoggedEvent(
        log("timestamp='2013-11-10T15:52:23Z'", `<message/><tag name='a' value='${value}' type='${type}'/>`),
      );
    expect(decode(good).tags[0]).toMatchObject({ type, value: good });
    expect(() => decode(bad)).toThrow(PayloadError);
  });
});

describe('questions to a log and their answers', () => {
  test('come back as they were', () => {
    const sender = Jid.parse('plc@example.org');
    const query = fc.record({
      sender: fc.constantFrom(undefined, sender),
      leastType: optional(fc.constantFrom(...EVENT_TYPES)),
      leastLevel: optional(fc.constantFrom(...EVENT_LEVELS)),
      id: optional(text),
      object: optional(text),
      subject: optional(text),
      facility: optional(text),
      module: optional(text),
      from: optional(date),
      to: optional(date),
      part: fc.constantFrom(undefined, { max: 10, after: '7', before: undefined, index: undefined }),
    });
    fc.assert(
      fc.property(query, fc.array(event, { maxLength: 2 }), (value, events) => {
        expect(decodeEventLogQuery(wire(encodeEventLogQuery(value)))).toEqual(value);
        const answer = {
          events: events.map((one, i) => ({ sequence: String(i), sender, received: one.timestamp, event: one })),
          part: { first: '0', last: '1', index: undefined, count: undefined },
        };
        expect(decodeEventLogAnswer(wire(encodeEventLogAnswer(answer)))).toEqual(answer);
      }),
    );
  });

  test.each([
    ["<query xmlns='urn:thingward:eventlog:1' leastType='x'/>", PayloadError],
    ["<query xmlns='urn:thingward:eventlog:1' sender='@'/>", PayloadError],
    ["<query xmlns='urn:thingward:eventlog:1' from='now'/>", PayloadError],
    [
      "<query xmlns='urn:thingward:eventlog:1'><set xmlns='http://jabber.org/protocol/rsm'><max>x</max></set></query>",
      StanzaError,
    ],
    ['<query/>', PayloadError],
  ])('are refused: %s', (xml, error) => {
    expect(() => decodeEventLogQuery(parseElement(xml))).toThrow(error);
  });

  test('without an event in them are refused', () => {
    const xml =
      "<events xmlns='urn:thingward:eventlog:1'><event sequence='1' sender='a@b' received='2026-01-01T00:00:00Z'/></events>";
    expect(() => decodeEventLogAnswer(parseElement(xml))).toThrow(PayloadError);
  });
});
