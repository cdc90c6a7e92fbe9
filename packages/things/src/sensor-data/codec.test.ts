import { Element, parseElement, xml } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadError } from '../thing/payload.ts';
import {
  decodeAccepted,
  decodeCancel,
  decodeReadoutMessage,
  decodeReadoutRequest,
  encodeAccepted,
  encodeCancel,
  encodeReadoutMessage,
  encodeReadoutRequest,
  HISTORICAL_FIELD_TYPES,
  type ReadoutMessage,
  type ReadoutRequest,
  SENSOR_DATA_NAMESPACE,
} from './codec.ts';
import { FIELD_TYPES, type Field, type FieldValue, QOS_FLAGS } from './field.ts';

const NS = `xmlns='${SENSOR_DATA_NAMESPACE}'`;

/** Through the wire: as text and back. */
function sent(element: Element): Element {
  return parseElement(element.toString());
}

function fieldsOf(text: string): readonly Field[] {
  const message = decodeReadoutMessage(parseElement(text));
  if (message.kind !== 'fields') throw new Error(message.kind);
  return message.fields;
}

describe('requests of XEP-0323 §3', () => {
  test.each<[string, Partial<ReadoutRequest>]>([
    [`<req ${NS} seqnr='1' momentary='true'/>`, { seqnr: 1, types: ['momentary'] }],
    [
      `<req ${NS} seqnr='4' all='true' when='2013-03-07T19:00:00'/>`,
      { seqnr: 4, types: FIELD_TYPES, when: new Date(2013, 2, 7, 19) },
    ],
    [
      `<req ${NS} seqnr='5' momentary='true'><node nodeId='Device02'/><node nodeId='Device03'/></req>`,
      { seqnr: 5, types: ['momentary'], nodes: [{ nodeId: 'Device02' }, { nodeId: 'Device03' }] },
    ],
    [
      `<req ${NS} seqnr='6' momentary='true'><node nodeId='Device04'/><field name='Energy'/><field name='Power'/></req>`,
      { seqnr: 6, types: ['momentary'], nodes: [{ nodeId: 'Device04' }], names: ['Energy', 'Power'] },
    ],
    [
      `<req ${NS} seqnr='7' historical='1' peak='1' from='2013-03-07T00:00:00Z' to='2013-03-08T00:00:00Z' userToken='u'/>`,
      {
        seqnr: 7,
        types: ['peak', ...HISTORICAL_FIELD_TYPES],
        from: new Date('2013-03-07T00:00:00Z'),
        to: new Date('2013-03-08T00:00:00Z'),
        userToken: 'u',
      },
    ],
    [
      `<req ${NS} seqnr='-1'><node nodeId='n' sourceId='s' cacheType='c'/></req>`,
      { seqnr: -1, types: [], nodes: [{ nodeId: 'n', sourceId: 's', cacheType: 'c' }] },
    ],
  ])('%s', (text, expected) => {
    const request = decodeReadoutRequest(parseElement(text));
    expect(request).toEqual({
      nodes: [],
      names: [],
      types: [],
      from: undefined,
      to: undefined,
      when: undefined,
      serviceToken: undefined,
      deviceToken: undefined,
      userToken: undefined,
      ...expected,
    });
    expect(decodeReadoutRequest(sent(encodeReadoutRequest(request)))).toEqual(request);
  });

  test('are written with as few attributes as say it', () => {
    const bare = { seqnr: 1, nodes: [], names: [] };
    expect(encodeReadoutRequest({ ...bare, types: FIELD_TYPES }).attributes).toEqual({ seqnr: '1', all: 'true' });
    expect(encodeReadoutRequest({ ...bare, types: ['momentary', ...HISTORICAL_FIELD_TYPES] }).attributes).toEqual({
      seqnr: '1',
      momentary: 'true',
      historical: 'true',
    });
  });
});

test('answers of XEP-0323 §3 survive', () => {
  expect(decodeAccepted(parseElement(`<accepted ${NS} seqnr='1'/>`))).toEqual({ seqnr: 1, queued: false });
  expect(decodeAccepted(parseElement(`<accepted ${NS} seqnr='4' queued='true'/>`))).toEqual({ seqnr: 4, queued: true });
  expect(encodeAccepted({ seqnr: 1, queued: false }).toString()).toBe(`<accepted ${NS} seqnr='1'/>`);
  expect(decodeAccepted(sent(encodeAccepted({ seqnr: 4, queued: true })))).toEqual({ seqnr: 4, queued: true });
  expect(decodeCancel('cancel', sent(encodeCancel('cancel', 8)))).toBe(8);
  expect(decodeCancel('cancelled', parseElement(`<cancelled ${NS} seqnr='8'/>`))).toBe(8);
});

describe('messages of XEP-0323 §3', () => {
  test('momentary values', () => {
    const text = `<fields ${NS} seqnr='1' done='true'><node nodeId='Device01'><timestamp value='2013-03-07T16:24:30'>
      <numeric name='Temperature' momentary='true' automaticReadout='true' value='23.4' unit='°C'/>
      </timestamp></node></fields>`;
    expect(decodeReadoutMessage(parseElement(text))).toEqual({
      kind: 'fields',
      seqnr: 1,
      done: true,
      fields: [
        {
          node: { nodeId: 'Device01' },
          name: 'Temperature',
          value: { type: 'numeric', value: '23.4', unit: '°C' },
          types: ['momentary'],
          qos: ['automaticReadout'],
          timestamp: new Date(2013, 2, 7, 16, 24, 30),
        },
      ],
    });
  });

  test('status, identity (as the example spells it), peak, computed and historical values', () => {
    const fields = fieldsOf(`<fields ${NS} seqnr='4'><node nodeId='Device01'>
      <timestamp value='2013-03-07T19:00:00Z'>
        <numeric name='Runtime' status='true' automaticReadout='true' value='12345' unit='h'/>
        <string name='Device ID' identification='true' automaticReadout='true' value='Device01'/>
        <numeric name='Temperature, Max' peak='true' automaticReadout='true' value='25.9' unit='°C'/>
        <numeric name='Temperature, Mean' computed='true' automaticReadout='true' value='22.5' unit='°C'/>
      </timestamp>
      <timestamp value='2013-03-07T00:00:00Z'>
        <numeric name='Temperature' historicalHour='true' historicalDay='true' automaticReadout='true' value='25.2' unit='°C'/>
      </timestamp></node></fields>`);
    expect(fields.map((field) => field.types)).toEqual([
      ['status'],
      ['identity'],
      ['peak'],
      ['computed'],
      ['historicalHour', 'historicalDay'],
    ]);
    expect(fields.map((field) => field.timestamp.toISOString().slice(11, 13))).toEqual(['19', '19', '19', '19', '00']);
    const message: ReadoutMessage = { kind: 'fields', seqnr: 4, fields, done: false };
    expect(decodeReadoutMessage(sent(encodeReadoutMessage(message)))).toEqual(message);
  });

  test('localised names', () => {
    const [field] = fieldsOf(`<fields ${NS} seqnr='7' done='true'><node nodeId='Device05'>
      <timestamp value='2013-03-07T22:20:45Z'><numeric name='Temperature, Min' momentary='true' automaticReadout='true'
        value='23.4' unit='°C' module='Whatchamacallit' stringIds='1,2'/></timestamp></node></fields>`);
    expect(field).toMatchObject({ module: 'Whatchamacallit', stringIds: '1,2' });
  });

  test.each(['1', '1,2', '1,1|MathModule', '3||A1', '4||A1,2', '4||A1,5||3', '1|a.b|seed'])('string IDs %s', (ids) => {
    const field = sampleField({ stringIds: ids });
    const message: ReadoutMessage = { kind: 'fields', seqnr: 1, fields: [field], done: false };
    expect(decodeReadoutMessage(sent(encodeReadoutMessage(message)))).toEqual(message);
  });

  test('started, done, failure', () => {
    expect(decodeReadoutMessage(parseElement(`<started ${NS} seqnr='4'/>`))).toEqual({ kind: 'started', seqnr: 4 });
    expect(decodeReadoutMessage(parseElement(`<done ${NS} seqnr='4'/>`))).toEqual({ kind: 'done', seqnr: 4 });
    const failure = decodeReadoutMessage(
      parseElement(`<failure ${NS} seqnr='2' done='true'>
        <error nodeId='Device01' timestamp='2013-03-07T17:13:30Z'>Timeout.</error></failure>`),
    );
    expect(failure).toEqual({
      kind: 'failure',
      seqnr: 2,
      done: true,
      errors: [{ node: { nodeId: 'Device01' }, timestamp: new Date('2013-03-07T17:13:30Z'), message: 'Timeout.' }],
    });
    expect(decodeReadoutMessage(sent(encodeReadoutMessage(failure)))).toEqual(failure);
  });

  test('every type of value', () => {
    const fields = fieldsOf(`<fields ${NS} seqnr='1'><node nodeId='' ><timestamp value='2013-03-07T22:20:45Z'>
      <boolean name='a' value='1'/><date name='b' value='2013-05-01'/><dateTime name='c' value='2013-05-01T08:00:00+02:00'/>
      <duration name='d' value='PT3M30S'/><enum name='e' value='On' dataType='State'/><int name='f' value='+5'/>
      <long name='g' value='500000000000000'/><numeric name='h' value='10.00'/><string name='i' value=' x '/>
      <time name='j' value='08:00:00'/><matrix name='k' value='unknown'/><int xmlns='other' name='l'/>
      </timestamp></node></fields>`);
    expect(fields.map((field) => field.value)).toEqual([
      { type: 'boolean', value: true },
      { type: 'date', value: '2013-05-01' },
      { type: 'dateTime', value: '2013-05-01T08:00:00+02:00' },
      { type: 'duration', value: 'PT3M30S' },
      { type: 'enum', value: 'On', dataType: 'State' },
      { type: 'int', value: 5 },
      { type: 'long', value: 500000000000000n },
      { type: 'numeric', value: '10.00', unit: '' },
      { type: 'string', value: ' x ' },
      { type: 'time', value: '08:00:00' },
    ]);
    expect(fields.every((field) => field.node === undefined)).toBe(true);
  });

  test('fields share elements where they follow each other, and the JID itself has an empty nodeId', () => {
    const later = new Date(1000);
    const fields = [
      sampleField({ name: 'a' }),
      sampleField({ name: 'b' }),
      sampleField({ name: 'c', timestamp: later }),
      sampleField({ name: 'd', node: { nodeId: 'n' }, timestamp: later }),
    ];
    const element = encodeReadoutMessage({ kind: 'fields', seqnr: 1, fields, done: false });
    expect(element.elements.map((node) => [node.attribute('nodeId'), node.elements.length])).toEqual([
      ['', 2],
      ['n', 1],
    ]);
    expect(element.elements[0]?.elements[0]?.elements.length).toBe(2);
  });
});

describe('what is malformed is refused, saying where', () => {
  const inField = (attributes: string, name = 'int') =>
    `<fields ${NS} seqnr='1'><node nodeId='n'><timestamp value='2013-03-07T22:20:45Z'><${name} ${attributes}/></timestamp></node></fields>`;

  test.each([
    [`<fields ${NS}/>`, 'fields/@seqnr', 'missing-attribute'],
    [`<fields ${NS} seqnr='9999999999'/>`, 'fields/@seqnr', 'invalid-value'],
    [`<fields ${NS} seqnr='1' done='maybe'/>`, 'fields/@done', 'invalid-value'],
    [`<fields ${NS} seqnr='1'><node sourceId='s'/></fields>`, 'fields/node[1]/@nodeId', 'missing-attribute'],
    [
      `<fields ${NS} seqnr='1'><node/><node><timestamp/></node></fields>`,
      'fields/node[2]/timestamp[1]/@value',
      'missing-attribute',
    ],
    [
      `<fields ${NS} seqnr='1'><node><timestamp value='now'/></node></fields>`,
      'fields/node[1]/timestamp[1]/@value',
      'invalid-value',
    ],
    [inField(`value='1'`), 'fields/node[1]/timestamp[1]/int[1]/@name', 'missing-attribute'],
    [inField(`name='a' value='2147483648'`), 'fields/node[1]/timestamp[1]/int[1]/@value', 'invalid-value'],
    [
      inField(`name='a' value='NaN' unit=''`, 'numeric'),
      'fields/node[1]/timestamp[1]/numeric[1]/@value',
      'invalid-value',
    ],
    [inField(`name='a' value='x'`, 'enum'), 'fields/node[1]/timestamp[1]/enum[1]/@dataType', 'missing-attribute'],
    [inField(`name='a' value='1' momentary='yes'`), 'fields/node[1]/timestamp[1]/int[1]/@momentary', 'invalid-value'],
    [inField(`name='a' value='1' stringIds='x'`), 'fields/node[1]/timestamp[1]/int[1]/@stringIds', 'invalid-value'],
    [`<failure ${NS} seqnr='1'><error nodeId='a'/></failure>`, 'failure/error[1]/@timestamp', 'missing-attribute'],
    [`<finished ${NS} seqnr='1'/>`, 'finished', 'unexpected-element'],
    [`<fields seqnr='1'/>`, 'fields', 'unexpected-element'],
  ])('%s', (text, path, code) => {
    expect(() => decodeReadoutMessage(parseElement(text))).toThrow(expect.objectContaining({ path, code }));
  });

  test.each([
    [`<req ${NS} seqnr='1'><node/></req>`, 'req/node[1]/@nodeId'],
    [`<req ${NS} seqnr='1'><field/></req>`, 'req/field[1]/@name'],
    [`<req ${NS} seqnr='1' when='soon'/>`, 'req/@when'],
    [`<req ${NS} seqnr='1' all='all'/>`, 'req/@all'],
  ])('%s', (text, path) => {
    expect(() => decodeReadoutRequest(parseElement(text))).toThrow(expect.objectContaining({ path }));
  });

  test.each<[string, Partial<Field>]>([
    ['a numeric value that is no number', { value: { type: 'numeric', value: 'INF', unit: '' } }],
    ['an int of more than 32 bits', { value: { type: 'int', value: 2 ** 31 } }],
    ['an int that is a fraction', { value: { type: 'int', value: 1.5 } }],
    ['a long of more than 64 bits', { value: { type: 'long', value: 2n ** 63n } }],
    ['a date that is none', { value: { type: 'date', value: 'today' } }],
    ['a text that XML can not hold', { value: { type: 'string', value: '\u0000' } }],
    ['a name that XML can not hold', { name: '\ud800' }],
    ['an invalid timestamp', { timestamp: new Date(Number.NaN) }],
    ['string IDs that are none', { stringIds: '1;2' }],
  ])('is not written: %s', (_, changes) => {
    const message: ReadoutMessage = { kind: 'fields', seqnr: 1, fields: [sampleField(changes)], done: false };
    expect(() => encodeReadoutMessage(message)).toThrow(PayloadError);
  });
});

function sampleField(changes: Partial<Field>): Field {
  return {
    node: undefined,
    name: 'Level',
    value: { type: 'numeric', value: '1.50', unit: 'm' },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date(0),
    ...changes,
  };
}

describe('properties', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 8 }).map((s) => s.replace(/[^\P{C}\t\n]/gu, ''));
  const lexical = <T extends string>(type: T, ...values: string[]) =>
    fc.record({ type: fc.constant(type), value: fc.constantFrom(...values) });
  const value: fc.Arbitrary<FieldValue> = fc.oneof(
    fc.record({
      type: fc.constant('numeric' as const),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      unit: text,
    }),
    fc.record({ type: fc.constant('string' as const), value: text }),
    lexical('date', '2013-05-01', '-0044-03-15Z'),
    lexical('dateTime', '2013-05-01T00:00:00', '2013-05-01T24:00:00.000+14:00'),
    lexical('duration', 'P1D', '-PT0.5S'),
    lexical('time', '08:00:00', '23:59:59.9Z'),
    fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
    fc.record({ type: fc.constant('int' as const), value: fc.integer().map((n) => n + 0) }),
    fc.record({ type: fc.constant('long' as const), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
    fc.record({ type: fc.constant('enum' as const), value: text, dataType: text }),
  );
  const node = fc.option(
    fc.record(
      { nodeId: text.map((s) => `n${s}`), sourceId: text.map((s) => `s${s}`), cacheType: text.map((s) => `c${s}`) },
      { requiredKeys: ['nodeId'] },
    ),
    { nil: undefined },
  );
  const timestamp = fc
    .integer({ min: Date.parse('0000-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59Z') })
    .map((ms) => new Date(ms));
  const field: fc.Arbitrary<Field> = fc.record(
    {
      node,
      name: text,
      value,
      types: fc.subarray([...FIELD_TYPES]),
      qos: fc.subarray([...QOS_FLAGS]),
      timestamp,
      writable: fc.boolean(),
      module: text,
      stringIds: fc.constantFrom('1', '2||x,3|m'),
    },
    { requiredKeys: ['node', 'name', 'value', 'types', 'qos', 'timestamp'] },
  );

  test('fields survive the wire, in their order', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fc.boolean(), fc.integer(), (fields, done, seqnr) => {
        const message: ReadoutMessage = { kind: 'fields', seqnr, fields, done };
        expect(decodeReadoutMessage(sent(encodeReadoutMessage(message)))).toEqual(message);
      }),
      { numRuns: 200 },
    );
  });

  test('no element makes a decoder throw anything but its error', () => {
    const names = fc.constantFrom(
      'req',
      'fields',
      'failure',
      'node',
      'timestamp',
      'numeric',
      'int',
      'error',
      'accepted',
      'field',
    );
    const attributes = fc.dictionary(
      fc.constantFrom(
        'seqnr',
        'value',
        'name',
        'nodeId',
        'sourceId',
        'unit',
        'done',
        'all',
        'momentary',
        'timestamp',
        'when',
      ),
      fc.oneof(fc.constantFrom('1', 'true', '2013-03-07T22:20:45Z', '1e5'), fc.string()),
    );
    const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
      tree: fc
        .tuple(names, attributes, fc.array(fc.oneof({ maxDepth: 4 }, fc.string(), tie('tree')), { maxLength: 4 }))
        .map(([name, given, children]) => xml(name, { ...given }, children)),
    }));
    fc.assert(
      fc.property(tree, (inner) => {
        const element = new Element(
          inner.name,
          SENSOR_DATA_NAMESPACE,
          { seqnr: '1', ...inner.attributes },
          inner.children,
        );
        for (const decode of [decodeReadoutRequest, decodeReadoutMessage, decodeAccepted]) {
          try {
            decode(element);
          } catch (error) {
            expect(error).toBeInstanceOf(PayloadError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
