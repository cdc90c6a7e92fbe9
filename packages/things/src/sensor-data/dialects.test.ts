import { type Element, parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyDate, anyField, anyName, anyNode, anyText } from '../../test/field-arbitraries.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { PayloadError } from '../thing/payload.ts';
import type { ReadoutMessage, ReadoutRequest } from './codec.ts';
import type { ReadoutDialect } from './dialect.ts';
import { READOUT_DIALECTS } from './dialects.ts';
import { FIELD_TYPES, type Field, type FieldType } from './field.ts';

const [XEP, ...HARMONIZED] = READOUT_DIALECTS as [ReadoutDialect, ...ReadoutDialect[]];

/** Through the wire: as text and back. */
function sent(element: Element): Element {
  return parseElement(element.toString());
}

const isHistorical = (type: FieldType) => type.startsWith('historical');

/** What is left of kinds of fields: of historical ones that they are some. */
function carried({ name }: ReadoutDialect, types: readonly FieldType[]): readonly FieldType[] {
  if (name === 'xep' || !types.some(isHistorical)) return types;
  return [...types.filter((type) => !isHistorical(type)), 'historicalOther'];
}

function carriedField(dialect: ReadoutDialect, field: Field): Field {
  return { ...field, types: carried(dialect, field.types) };
}

const anyId = ({ name }: ReadoutDialect) => (name === 'xep' ? fc.integer().map((n) => n + 0) : anyText);

describe.each(READOUT_DIALECTS.map((dialect) => [dialect.namespace, dialect] as const))('%s', (_, dialect) => {
  const schema = new SchemaCheck(`sensor-data/${dialect.name === 'xep' ? 'schema' : dialect.name}.xsd`);

  test('carries every request', () => {
    const request: fc.Arbitrary<ReadoutRequest> = fc.record({
      seqnr: anyId(dialect),
      nodes: fc.array(anyNode, { maxLength: 3 }),
      names: fc.array(anyText, { maxLength: 3 }),
      types: fc.subarray([...FIELD_TYPES]),
      from: fc.constant(new Date('2013-03-07T00:00:00Z')),
      to: fc.constant(undefined),
      when: fc.option(anyDate, { nil: undefined }),
      serviceToken: fc.option(anyName, { nil: undefined }),
      deviceToken: fc.constant(undefined),
      userToken: fc.option(anyName, { nil: undefined }),
    });
    fc.assert(
      fc.property(request, (given) => {
        const element = sent(dialect.encodeRequest(given));
        expect(schema.problems(element)).toEqual([]);
        expect(dialect.decodeRequest(element)).toEqual({ ...given, types: dialect.tellable(given.types) });
      }),
    );
  });

  test('carries every message, with what of its fields it has a place for', () => {
    const failure = fc.record({ node: fc.option(anyNode, { nil: undefined }), timestamp: anyDate, message: anyText });
    const message: fc.Arbitrary<ReadoutMessage> = fc.oneof(
      fc.record({ kind: fc.constantFrom('started' as const, 'done' as const), seqnr: anyId(dialect) }),
      fc.record({
        kind: fc.constant('fields' as const),
        seqnr: anyId(dialect),
        fields: fc.array(anyField, { maxLength: 6 }),
        done: fc.boolean(),
      }),
      fc.record({
        kind: fc.constant('failure' as const),
        seqnr: anyId(dialect),
        errors: fc.array(failure, { minLength: 1, maxLength: 4 }),
        done: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(message, (given) => {
        const element = sent(dialect.encodeMessage(given));
        expect(schema.problems(element)).toEqual([]);
        const expected =
          given.kind === 'fields'
            ? { ...given, fields: given.fields.map((field) => carriedField(dialect, field)) }
            : given;
        expect(dialect.decodeMessages(element)).toEqual([expected]);
        if ('done' in given) {
          const last = dialect.asLast(dialect.encodeMessage({ ...given, done: false }));
          expect(String(last)).toBe(String(dialect.encodeMessage({ ...given, done: true })));
        }
      }),
    );
  });

  test('gives what it was given in XEP-0323 back, but for the periods', () => {
    fc.assert(
      fc.property(fc.array(anyField, { maxLength: 4 }), (fields) => {
        const original: ReadoutMessage = { kind: 'fields', seqnr: 7, fields, done: true };
        const [received] = dialect.decodeMessages(sent(dialect.encodeMessage(original)));
        const again = XEP.encodeMessage({ ...(received as ReadoutMessage), seqnr: 7 });
        const expected = { ...original, fields: fields.map((field) => carriedField(dialect, field)) };
        expect(XEP.decodeMessages(sent(again))).toEqual([expected]);
      }),
    );
  });

  test('throws nothing but PayloadError for what is malformed', () => {
    const names = fc.constantFrom(
      'req',
      'resp',
      'fields',
      'nd',
      'ts',
      'q',
      'e',
      'err',
      'b',
      'cancel',
      'accepted',
      'started',
    );
    const attributes = fc.dictionary(
      fc.constantFrom('id', 'seqnr', 'v', 'n', 'm', 'h', 'more', 'src', 'loc', 'ctr', 'from', 't', 'u'),
      fc.oneof(fc.constantFrom('1', 'true', '2013-03-07T22:20:45Z', '1e5', '1||,2'), anyText),
    );
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc
        .tuple(names, attributes, fc.array(fc.oneof({ maxDepth: 4 }, fc.constant(''), tie('tree')), { maxLength: 4 }))
        .map(([name, given, children]) => {
          const text = Object.entries(given).map(([key, value]) => ` ${key}='${value.replace(/[<&']/g, '')}'`);
          return `<${name}${text.join('')}>${children.join('')}</${name}>`;
        }),
    }));
    fc.assert(
      fc.property(tree, (text) => {
        const element = parseElement(text.replace(/^<(\w+)/, `<$1 xmlns='${dialect.namespace}'`));
        for (const decode of [
          dialect.decodeRequest,
          dialect.decodeAccepted,
          dialect.decodeCancel,
          dialect.decodeMessages,
        ]) {
          try {
            decode(element);
          } catch (error) {
            expect(error).toBeInstanceOf(PayloadError);
          }
        }
      }),
    );
  });
});

describe.each(HARMONIZED.map((dialect) => [dialect.namespace, dialect] as const))('%s', (namespace, dialect) => {
  const NS = `xmlns='${namespace}'`;
  const messages = (text: string) => dialect.decodeMessages(parseElement(text));
  const fieldsIn = (content: string) =>
    messages(`<resp ${NS} id='1'><ts v='2013-03-07T16:24:30Z'>${content}</ts></resp>`).flatMap((message) =>
      message.kind === 'fields' ? message.fields : [],
    );

  test('tells fields and failures of the same message apart', () => {
    expect(
      messages(
        `<resp ${NS} id='a b' more='true'><nd id='n'><ts v='2013-03-07T16:24:30Z'><err>No answer.</err><i n='i' v='1'/></ts></nd></resp>`,
      ),
    ).toEqual([
      {
        kind: 'fields',
        seqnr: 'a b',
        done: false,
        fields: [
          {
            node: { nodeId: 'n' },
            name: 'i',
            value: { type: 'int', value: 1 },
            types: [],
            qos: [],
            timestamp: new Date('2013-03-07T16:24:30Z'),
          },
        ],
      },
      {
        kind: 'failure',
        seqnr: 'a b',
        done: false,
        errors: [{ node: { nodeId: 'n' }, timestamp: new Date('2013-03-07T16:24:30Z'), message: 'No answer.' }],
      },
    ]);
  });

  test('asks for all historical values when it asks for some', () => {
    const types: FieldType[] = ['momentary', 'historicalHour'];
    expect(dialect.tellable(types)).toEqual(['momentary', ...FIELD_TYPES.filter(isHistorical)]);
    expect(dialect.tellable(['peak'])).toEqual(['peak']);
  });

  test('keeps every digit', () => {
    expect(fieldsIn(`<q n='a' v='10.00' u='C'/>`)[0]?.value).toEqual({ type: 'numeric', value: '10.00', unit: 'C' });
  });

  test('leaves string IDs out that XEP-0323 has no place for, and takes fields of all categories', () => {
    expect(fieldsIn(`<q n='a' v='1' lns='N' loc='1|Name with spaces' all='true'/>`)).toEqual([
      {
        node: undefined,
        name: 'a',
        value: { type: 'numeric', value: '1', unit: '' },
        types: ['momentary', 'peak', 'status', 'computed', 'identity', 'historicalOther'],
        qos: [],
        module: 'N',
        timestamp: new Date('2013-03-07T16:24:30Z'),
      },
    ]);
  });

  test('passes over what it does not know', () => {
    expect(
      fieldsIn(`<q n='a' v='1'><x odd='1'><y xmlns='urn:z'/></x></q><zz n='b' v='1'/><q xmlns='urn:z' n='c' v='1'/>`),
    ).toHaveLength(1);
  });

  test('names the JID itself by a node without a name where there are others', () => {
    const field = (node?: Field['node']): Field => ({
      node,
      name: 'a',
      value: { type: 'int', value: 1 },
      types: [],
      qos: [],
      timestamp: new Date(0),
    });
    const written = (fields: Field[]) =>
      dialect
        .encodeMessage({ kind: 'fields', seqnr: 1, fields, done: true })
        .elements.map((one) => one.toString(namespace));
    const ts = `<ts v='1970-01-01T00:00:00.000Z'><i n='a' v='1'/></ts>`;
    expect(written([field(), field()])).toEqual([
      `<ts v='1970-01-01T00:00:00.000Z'><i n='a' v='1'/><i n='a' v='1'/></ts>`,
    ]);
    expect(written([field({ nodeId: 'n' }), field()])).toEqual([`<nd id='n'>${ts}</nd>`, `<nd id=''>${ts}</nd>`]);
  });

  test.each([
    [`<resp ${NS}/>`, 'resp/@id', 'missing-attribute'],
    [`<resp ${NS} id='${'x'.repeat(1001)}'/>`, 'resp/@id', 'invalid-value'],
    [`<resp ${NS} id='1' more='x'/>`, 'resp/@more', 'invalid-value'],
    [`<resp ${NS} id='1'><ts/></resp>`, 'resp/ts[1]/@v', 'missing-attribute'],
    [`<resp ${NS} id='1'><ts v='x'/></resp>`, 'resp/ts[1]/@v', 'invalid-value'],
    [`<resp ${NS} id='1'><nd src='s'/></resp>`, 'resp/nd[1]/@id', 'missing-attribute'],
    [
      `<resp ${NS} id='1'><ts v='2013-03-07T16:24:30Z'><q n='a' v='NaN'/></ts></resp>`,
      'resp/ts[1]/q[1]/@v',
      'invalid-value',
    ],
    [
      `<resp ${NS} id='1'><ts v='2013-03-07T16:24:30Z'><e n='a' v='b'/></ts></resp>`,
      'resp/ts[1]/e[1]/@t',
      'missing-attribute',
    ],
    [`<fields ${NS} id='1'/>`, 'fields', 'unexpected-element'],
    [`<resp id='1' xmlns='urn:x'/>`, 'resp', 'unexpected-element'],
  ])('refuses %s', (text, path, code) => {
    expect(() => messages(text)).toThrow(expect.objectContaining({ name: 'PayloadError', path, code }));
  });
});
