import { type Element, parseElement } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';
import { describe, expect, test } from 'vitest';
import { SENSOR_DATA_EXAMPLES } from '../../test/fixtures/xep-0323.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import {
  decodeAccepted,
  decodeCancel,
  decodeReadoutMessage,
  decodeReadoutRequest,
  encodeAccepted,
  encodeCancel,
  encodeReadoutMessage,
  encodeReadoutRequest,
  SENSOR_DATA_NAMESPACE,
} from './codec.ts';

const schema = new SchemaCheck('sensor-data/schema.xsd');

/** Decoded and encoded again. */
function roundTrip(payload: Element): { value: unknown; again: Element } {
  switch (payload.name) {
    case 'req': {
      const value = decodeReadoutRequest(payload);
      return { value, again: encodeReadoutRequest(value) };
    }
    case 'accepted': {
      const value = decodeAccepted(payload);
      return { value, again: encodeAccepted(value) };
    }
    case 'cancel':
    case 'cancelled': {
      const value = decodeCancel(payload.name, payload);
      return { value, again: encodeCancel(payload.name, value) };
    }
    default: {
      const value = decodeReadoutMessage(payload);
      return { value, again: encodeReadoutMessage(value) };
    }
  }
}

/** Names, attributes and values, without white space and order of attributes; times as instants. */
function shape(element: Element): unknown {
  const attributes = Object.entries(element.attributes)
    .map(([name, value]) => [name, /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value).toISOString() : value])
    .sort();
  return [element.name, attributes, element.text.trim(), element.elements.map(shape)];
}

const examples = Object.entries(SENSOR_DATA_EXAMPLES).map(([name, text]) => [name, parseElement(text)] as const);
const payloads = examples
  .filter(([name]) => name !== '3.3 rejected')
  .map(([name, stanza]) => [name, stanza.elements[0]!] as const);

describe('every example of XEP-0323', () => {
  test('is there', () => expect(examples).toHaveLength(29));

  test.each(payloads)('%s is as the schema has it', (name, payload) => {
    expect(payload.namespace).toBe(SENSOR_DATA_NAMESPACE);
    // The example of §3.4 has an attribute that the schema calls identity.
    const known = name === '3.4 present values' ? ['fields/node/timestamp/string/@identification is not declared'] : [];
    expect(schema.problems(payload)).toEqual(known);
  });

  test.each(payloads)('%s means the same after it was decoded, encoded and decoded again', (name, payload) => {
    const { value, again } = roundTrip(payload);
    const sent = parseElement(again.toString());
    expect(schema.problems(sent)).toEqual([]);
    expect(roundTrip(sent).value).toEqual(value);
    if (name !== '3.4 present values') expect(shape(sent)).toEqual(shape(payload));
  });

  test('a rejection is the error it says', () => {
    const error = StanzaError.fromStanza(parseElement(SENSOR_DATA_EXAMPLES['3.3 rejected']!));
    expect(error).toMatchObject({ condition: 'forbidden', type: 'cancel', text: 'Access denied.' });
    expect(schema.problems(error.toElement())).toEqual(['<error/> is not declared']);
  });
});

test('the schema check finds what is wrong', () => {
  const problems = (text: string) => schema.problems(parseElement(text));
  const NS = `xmlns='${SENSOR_DATA_NAMESPACE}'`;
  expect(problems(`<req ${NS}/>`)).toEqual(['req/@seqnr is missing']);
  expect(problems(`<req ${NS} seqnr='x' odd=''><odd/></req>`)).toEqual([
    'req/@seqnr is no xs:int',
    'req/@odd is not declared',
    'req/odd is not declared',
  ]);
  const field = `<int name='a' value='1.5' stringIds=','/>`;
  expect(
    problems(
      `<fields ${NS} seqnr='1'><node nodeId='n'><timestamp value='2013-03-07T16:24:30'>${field}</timestamp></node></fields>`,
    ),
  ).toEqual(['fields/node/timestamp/int/@value is no xs:int', 'fields/node/timestamp/int/@stringIds is no StringIds']);
});
