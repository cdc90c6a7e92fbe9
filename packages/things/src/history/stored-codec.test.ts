import { Element, parseElement, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryNetwork } from '../../test/memory-network.ts';
import { field } from '../../test/memory-thing.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { HISTORICAL_PERIODS } from '../sensor-data/historical-period.ts';
import { PayloadError } from '../thing/payload.ts';
import { readStoredFields } from './client.ts';
import { HISTORY } from './codec.ts';
import {
  decodeStoredFieldsPage,
  decodeStoredFieldsQuery,
  encodeStoredFieldsPage,
  encodeStoredFieldsQuery,
  type StoredFieldsQuery,
} from './stored-codec.ts';

const THING = Jid.parse('plc@example.org');

describe('properties', () => {
  const text = fc.string({ unit: 'grapheme-ascii', maxLength: 8 });
  const date = fc.date({ min: new Date(0), max: new Date('9999-01-01T00:00:00Z'), noInvalidDate: true });
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

  test('queries and pages survive the wire', () => {
    const query: fc.Arbitrary<StoredFieldsQuery> = fc.record({
      thing: fc.constant(THING),
      node: maybe(text.map((id) => ({ nodeId: `n${id}` }))),
      names: fc.array(text, { maxLength: 3 }),
      from: maybe(date),
      to: maybe(date),
      period: maybe(fc.constantFrom(...HISTORICAL_PERIODS)),
      maxFields: maybe(fc.integer({ min: 1, max: 10_000 })),
      after: maybe(text),
    });
    fc.assert(
      fc.property(query, maybe(text), (value, next) => {
        expect(decodeStoredFieldsQuery(parseElement(encodeStoredFieldsQuery(value).toString()))).toEqual(value);
        const page = { fields: [{ ...field('Level', '1.00'), node: undefined }], next };
        expect(decodeStoredFieldsPage(parseElement(encodeStoredFieldsPage(page).toString()))).toEqual(page);
      }),
      { numRuns: 100 },
    );
  });

  test('no element makes a decoder throw anything but its error', () => {
    const names = fc.constantFrom('read', 'page', 'field', 'fields', 'node', 'timestamp');
    const attributes = fc.dictionary(
      fc.constantFrom(
        'thing',
        'from',
        'to',
        'period',
        'maxFields',
        'after',
        'next',
        'seqnr',
        'name',
        'nodeId',
        'value',
      ),
      fc.oneof(fc.constantFrom('1', 'plc@example.org', 'hour', '2013-03-07T22:20:45Z'), fc.string()),
    );
    const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
      tree: fc
        .tuple(names, attributes, fc.array(fc.oneof({ maxDepth: 4 }, fc.string(), tie('tree')), { maxLength: 3 }))
        .map(([name, given, children]) =>
          xml(name, { ...given, ...(name === 'fields' ? { xmlns: 'urn:xmpp:iot:sensordata' } : {}) }, children),
        ),
    }));
    fc.assert(
      fc.property(tree, (inner) => {
        const element = new Element(inner.name, HISTORY, { thing: 'a@b', ...inner.attributes }, inner.children);
        for (const decode of [decodeStoredFieldsQuery, decodeStoredFieldsPage]) {
          try {
            decode(element);
          } catch (error) {
            expect(error).toBeInstanceOf(PayloadError);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('what is written is as the schema has it', () => {
  const schema = new SchemaCheck('history/schema.xsd');
  const query = {
    thing: THING,
    names: ['Level'],
    from: new Date(0),
    maxFields: 5,
    after: '1.2',
    node: { nodeId: 'n' },
  };
  expect(schema.problems(encodeStoredFieldsQuery(query))).toEqual([]);
  expect(schema.problems(encodeStoredFieldsPage({ fields: [field('Level', '1')], next: '1.2' }))).toEqual([]);
});

describe('pages', () => {
  async function readFrom(answer: (after: string | undefined) => Element | undefined): Promise<number> {
    const network = new MemoryNetwork();
    const client = network.join('user@example.org/x');
    const history = network.join('history.example.org');
    history.onIq('get', { name: 'read', namespace: HISTORY }, ({ payload }) => answer(payload.attribute('after')));
    let count = 0;
    for await (const fields of readStoredFields(client, history.jid, { thing: THING, names: [] }))
      count += fields.length;
    return count;
  }

  test('are asked for until the last, though some are empty', async () => {
    const pages = [[field('A', '1')], [], [field('A', '2'), field('A', '3')]];
    const count = await readFrom((after) => {
      const i = Number(after ?? 0);
      return encodeStoredFieldsPage({ fields: pages[i] ?? [], next: i < 2 ? String(i + 1) : undefined });
    });
    expect(count).toBe(3);
  });

  test.each<[string, () => Element | undefined]>([
    ['the answer is empty', () => undefined],
    ['the same page comes next', () => encodeStoredFieldsPage({ fields: [], next: 'again' })],
    ['expected <fields', () => xml('page', { xmlns: HISTORY })],
  ])('that make no sense are refused: %s', async (problem, answer) => {
    await expect(readFrom(answer)).rejects.toThrow(
      expect.objectContaining({ name: 'PayloadError', message: expect.stringContaining(problem) }),
    );
  });
});
