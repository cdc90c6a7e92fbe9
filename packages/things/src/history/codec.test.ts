import { isXmlText, parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Field } from '../sensor-data/field.ts';
import { PayloadError } from '../thing/payload.ts';
import {
  decodeHistoryAnswer,
  decodeHistoryQuery,
  decodeReaders,
  decodeStore,
  encodeHistoryAnswer,
  encodeHistoryQuery,
  encodeReaders,
  encodeStore,
} from './codec.ts';

const NS = "xmlns='urn:thingward:history:1'";
const thing = Jid.parse('plc@example.org');
/** Through bytes, as it goes on the wire. */
const wire = (element: { toString(): string }) => parseElement(element.toString());

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(isXmlText);
const date = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const node = fc.option(
  fc.record({ nodeId: text.filter((id) => id !== ''), sourceId: text.filter((id) => id !== '') }),
  { nil: undefined },
);
const point = fc.record(
  {
    timestamp: date,
    value: text,
    min: fc.constant('-1.50'),
    max: fc.constant('2.50'),
    count: fc.integer({ min: 1, max: 1e9 }),
  },
  { requiredKeys: ['timestamp', 'value'] },
);

describe('payloads of the history', () => {
  test('come back as they were', () => {
    const answer = fc.array(
      fc.record(
        {
          name: text,
          type: fc.constantFrom('numeric' as const, 'enum' as const),
          unit: text,
          dataType: text,
          points: fc.array(point),
        },
        { requiredKeys: ['name', 'type', 'points'] },
      ),
      { maxLength: 3 },
    );
    const query = fc.record({
      thing: fc.constant(thing),
      node,
      names: fc.array(text),
      from: fc.option(date, { nil: undefined }),
      to: fc.option(date, { nil: undefined }),
      maxPoints: fc.option(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(answer, query, (series, query) => {
        expect(decodeHistoryAnswer(wire(encodeHistoryAnswer({ series })))).toEqual({ series });
        expect(decodeHistoryQuery(wire(encodeHistoryQuery(query)))).toEqual(query);
        const readers = { node: query.node, readers: [thing, Jid.parse('reader@example.org')] };
        expect(decodeReaders(wire(encodeReaders(readers)))).toEqual(readers);
      }),
    );
  });

  test('hold fields with all that belongs to them', () => {
    const field: Field = {
      node: { nodeId: 'tank' },
      name: 'Level',
      value: { type: 'numeric', value: '10.00', unit: 'm' },
      types: ['momentary'],
      qos: ['automaticReadout'],
      timestamp: new Date('2026-01-02T03:04:05.678Z'),
    };
    expect(decodeStore(wire(encodeStore([field])))).toEqual([field]);
  });

  test.each([
    ['store without fields', decodeStore, `<store ${NS}/>`],
    ['store of something else', decodeStore, `<store ${NS}><fields xmlns='urn:example'/></store>`],
    ['reader without a JID', decodeReaders, `<readers ${NS}><reader/></readers>`],
    ['reader that is no JID', decodeReaders, `<readers ${NS}><reader jid='@'/></readers>`],
    ['query without a Thing', decodeHistoryQuery, `<query ${NS}/>`],
    ['query from no time', decodeHistoryQuery, `<query ${NS} thing='a@b' from='yesterday'/>`],
    ['query for no points', decodeHistoryQuery, `<query ${NS} thing='a@b' maxPoints='0'/>`],
    ['series of no type', decodeHistoryAnswer, `<history ${NS}><series name='a' type='toString'/></history>`],
    [
      'point without a value',
      decodeHistoryAnswer,
      `<history ${NS}><series name='a' type='int'><point timestamp='2026-01-01T00:00:00Z'/></series></history>`,
    ],
    ['element of another name', decodeReaders, `<query ${NS} thing='a@b'/>`],
  ])('are refused: %s', (_, decode, xml) => {
    expect(() => decode(parseElement(xml))).toThrow(PayloadError);
  });
});
