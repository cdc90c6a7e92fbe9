import { Element, parseElement, xml } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadError } from '../thing/payload.ts';
import {
  CONTROL_NAMESPACE,
  type ControlRequest,
  decodeControlFormRequest,
  decodeControlRequest,
  decodeControlResponse,
  decodeParameterError,
  encodeControlFormRequest,
  encodeControlRequest,
  encodeControlResponse,
  parameterErrorReply,
} from './codec.ts';
import { PARAMETER_TYPES, ParameterError, type ParameterValue } from './parameter.ts';
import { widenParameterValue } from './parameter-value.ts';

const NS = `xmlns='${CONTROL_NAMESPACE}'`;

function sent(element: Element): Element {
  return parseElement(element.toString());
}

describe('commands of XEP-0325 §3.2', () => {
  test.each<[string, string, ParameterValue]>([
    [`<boolean name='Output' value='true'/>`, 'Output', { type: 'boolean', value: true }],
    [`<int name='Output' value='50000'/>`, 'Output', { type: 'int', value: 50000 }],
    [`<long name='Output' value='500000000000000'/>`, 'Output', { type: 'long', value: 500000000000000n }],
    [`<string name='Row1' value='Temperature: 21.4 °C'/>`, 'Row1', { type: 'string', value: 'Temperature: 21.4 °C' }],
    [`<double name='4-20mA' value='8.192'/>`, '4-20mA', { type: 'double', value: '8.192' }],
    [`<date name='TariffStartDate' value='2013-05-01'/>`, 'TariffStartDate', { type: 'date', value: '2013-05-01' }],
    [`<time name='Alarm Time' value='08:00:00'/>`, 'Alarm Time', { type: 'time', value: '08:00:00' }],
    [
      `<dateTime name='Alarm' value='2013-05-01T08:00:00'/>`,
      'Alarm',
      { type: 'dateTime', value: '2013-05-01T08:00:00' },
    ],
    [`<duration name='Alarm Duration' value='PT3M30S'/>`, 'Alarm Duration', { type: 'duration', value: 'PT3M30S' }],
    [`<color name='Color' value='3399FF'/>`, 'Color', { type: 'color', value: '3399FF' }],
    [`<color name='Color' value='3399ff80'/>`, 'Color', { type: 'color', value: '3399ff80' }],
  ])('%s', (text, name, value) => {
    const request = decodeControlRequest(parseElement(`<set ${NS} xml:lang='en'>${text}</set>`));
    expect(request).toMatchObject({ nodes: [], settings: [{ name, value }], form: undefined });
    expect(decodeControlRequest(sent(encodeControlRequest(request)))).toEqual(request);
  });

  test('several parameters keep their order, several nodes, tokens', () => {
    const request = decodeControlRequest(
      parseElement(`<set ${NS} serviceToken='t'><node nodeId='DigitalOutput1'/><node nodeId='DigitalOutput2' sourceId='s'/>
        <int name='FadeTimeMilliseconds' value='500'/><int name='OutputPercent' value='10'/><other xmlns='x'/><magic name='a'/></set>`),
    );
    expect(request.nodes).toEqual([{ nodeId: 'DigitalOutput1' }, { nodeId: 'DigitalOutput2', sourceId: 's' }]);
    expect(request.settings.map((setting) => setting.name)).toEqual(['FadeTimeMilliseconds', 'OutputPercent']);
    expect(request.serviceToken).toBe('t');
    expect(decodeControlRequest(sent(encodeControlRequest(request)))).toEqual(request);
  });

  test('a submitted form', () => {
    const request = decodeControlRequest(
      parseElement(`<set ${NS} xml:lang='en'><x type='submit' xmlns='jabber:x:data'>
        <field var='xdd session' type='hidden'><value>325ED0F3</value></field>
        <field var='OutputPercent' type='text-single'><value>10</value></field></x></set>`),
    );
    expect(request.form?.fields.map((field) => field.var)).toEqual(['xdd session', 'OutputPercent']);
    expect(decodeControlRequest(sent(encodeControlRequest(request)))).toEqual(request);
  });
});

test('asking for the form, and the response', () => {
  const request = { nodes: [{ nodeId: 'DigitalOutput1' }], userToken: 'u' };
  expect(decodeControlFormRequest(sent(encodeControlFormRequest(request)))).toMatchObject(request);
  expect(decodeControlFormRequest(parseElement(`<getForm ${NS} xml:lang='en'/>`)).nodes).toEqual([]);
  expect(decodeControlResponse(parseElement(`<setResponse ${NS}/>`))).toEqual({ nodes: [], parameters: [] });
  const partial = { nodes: [{ nodeId: 'a' }], parameters: ['Output'] };
  expect(decodeControlResponse(sent(encodeControlResponse(partial)))).toEqual(partial);
});

describe('errors', () => {
  test('a refused parameter is named in the error reply', () => {
    const reply = parameterErrorReply([new ParameterError('out-of-range', 'OutputPercent', 'must be from 0 to 100')]);
    expect(reply).toMatchObject({ condition: 'bad-request', type: 'modify' });
    const stanza = xml('iq', { xmlns: 'jabber:client', type: 'error' }, reply.toElement());
    const received = StanzaError.fromStanza(sent(stanza));
    expect(decodeParameterError(received)).toMatchObject({
      parameter: 'OutputPercent',
      message: 'must be from 0 to 100',
    });
  });

  test('a parameter that does not exist is not found', () => {
    expect(parameterErrorReply([new ParameterError('unknown-parameter', 'x', 'no')]).condition).toBe('item-not-found');
    const mixed = parameterErrorReply([
      new ParameterError('unknown-parameter', 'x', 'no such'),
      new ParameterError('wrong-type', 'y', 'not that'),
    ]);
    expect(mixed).toMatchObject({ condition: 'bad-request', text: 'x: no such; y: not that' });
  });

  test('other errors are about no parameter', () => {
    expect(decodeParameterError(new StanzaError('forbidden'))).toBeUndefined();
  });

  test.each([
    [`<set ${NS}><int value='1'/></set>`, 'set/int[1]/@name'],
    [`<set ${NS}><int name='a'/></set>`, 'set/int[1]/@value'],
    [`<set ${NS}><node nodeId='n'/><int name='a' value='1.5'/></set>`, 'set/int[2]/@value'],
    [`<set ${NS}><color name='a' value='red'/></set>`, 'set/color[1]/@value'],
    [`<set ${NS}><double name='a' value='NaN'/></set>`, 'set/double[1]/@value'],
    [`<set ${NS}><node/></set>`, 'set/node[1]/@nodeId'],
    [`<set ${NS}><x xmlns='jabber:x:data' type='odd'/></set>`, 'x/@type'],
    [`<set xmlns='other'/>`, 'set'],
  ])('%s is malformed at %s', (text, path) => {
    expect(() => decodeControlRequest(parseElement(text))).toThrow(
      expect.objectContaining({ name: 'PayloadError', path }),
    );
  });

  test.each<ParameterValue>([
    { type: 'int', value: 0.5 },
    { type: 'long', value: 2n ** 64n },
    { type: 'double', value: 'INF' },
    { type: 'color', value: 'blue' },
    { type: 'string', value: '\u0001' },
  ])('$type $value is not written', (value) => {
    expect(() => encodeControlRequest({ nodes: [], settings: [{ name: 'a', value }] })).toThrow(PayloadError);
  });
});

test('integers widen, nothing narrows', () => {
  const int: ParameterValue = { type: 'int', value: 5 };
  expect(widenParameterValue(int, 'long')).toEqual({ type: 'long', value: 5n });
  expect(widenParameterValue(int, 'double')).toEqual({ type: 'double', value: '5' });
  expect(widenParameterValue({ type: 'long', value: 2n ** 60n }, 'double')).toEqual({
    type: 'double',
    value: '1152921504606846976',
  });
  expect(widenParameterValue({ type: 'long', value: 5n }, 'int')).toBeUndefined();
  expect(widenParameterValue({ type: 'double', value: '5' }, 'int')).toBeUndefined();
  expect(widenParameterValue({ type: 'string', value: '5' }, 'int')).toBeUndefined();
});

describe('properties', () => {
  const text = fc.string({ unit: 'grapheme-ascii', maxLength: 8 });
  const value: fc.Arbitrary<ParameterValue> = fc.oneof(
    fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
    fc.record({ type: fc.constant('int' as const), value: fc.integer() }),
    fc.record({ type: fc.constant('long' as const), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
    fc.record({ type: fc.constant('string' as const), value: text }),
    fc.record({
      type: fc.constant('double' as const),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    }),
  );

  test('a request survives the wire', () => {
    const request: fc.Arbitrary<ControlRequest> = fc.record({
      nodes: fc.array(fc.record({ nodeId: text.map((s) => `n${s}`) }), { maxLength: 3 }),
      settings: fc.array(fc.record({ name: text, value }), { maxLength: 4 }),
      form: fc.constant(undefined),
      serviceToken: fc.option(text, { nil: undefined }),
      deviceToken: fc.constant(undefined),
      userToken: fc.constant(undefined),
    });
    fc.assert(
      fc.property(request, (given) => {
        expect(decodeControlRequest(sent(encodeControlRequest(given)))).toEqual(given);
      }),
    );
  });

  test('no element makes a decoder throw anything but its error', () => {
    const child = fc
      .tuple(
        fc.constantFrom(...PARAMETER_TYPES, 'node', 'parameter', 'x'),
        fc.dictionary(fc.constantFrom('name', 'value', 'nodeId', 'cacheType', 'type'), fc.string()),
        fc.constantFrom(undefined, 'jabber:x:data'),
      )
      .map(([name, attributes, xmlns]) => xml(name, { xmlns, ...attributes }));
    fc.assert(
      fc.property(fc.constantFrom('set', 'getForm', 'setResponse', 'x'), fc.array(child), (name, children) => {
        const element = new Element(name, CONTROL_NAMESPACE, {}, children);
        for (const decode of [decodeControlRequest, decodeControlFormRequest, decodeControlResponse]) {
          try {
            decode(element);
          } catch (error) {
            expect(error).toBeInstanceOf(PayloadError);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
