import { parseElement } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';
import { describe, expect, test } from 'vitest';
import { EVENTS_EXAMPLES } from '../../test/fixtures/events-draft.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { shape } from '../../test/shape.ts';
import { decodeAccepted } from '../sensor-data/codec.ts';
import { decodeSubscribe, decodeUnsubscribe, encodeSubscribe, encodeUnsubscribe } from './codec.ts';

const schema = new SchemaCheck('events/schema.xsd', 'sensor-data/schema.xsd');
const examples = Object.entries(EVENTS_EXAMPLES).map(
  ([name, text]) => [name, parseElement(text).elements[0]!] as const,
);
const subscriptions = examples.filter(([, payload]) => payload.name === 'subscribe');

describe('every example of the draft on events', () => {
  test('is there', () => expect([examples.length, subscriptions.length]).toEqual([9, 6]));

  test.each(subscriptions)('%s is as the schema has it, and means the same after it was written', (name, payload) => {
    // What is not of the schema is passed over.
    const isOdd = name === 'nodes';
    expect(schema.problems(payload)).toEqual(
      isOdd ? ['subscribe/@maxInternval is not declared', 'subscribe/field/@changeBy is not declared'] : [],
    );
    const subscription = decodeSubscribe(payload);
    const sent = parseElement(encodeSubscribe(subscription).toString());
    expect(schema.problems(sent)).toEqual([]);
    expect(decodeSubscribe(sent)).toEqual(subscription);
    if (!isOdd) expect(shape(sent)).toEqual(shape(payload));
    else expect(subscription.nodes.map(({ nodeId }) => nodeId)).toEqual(['DI1', 'DI2', 'DI3', 'DI4']);
  });

  test('its answers are those of sensor data', () => {
    const payload = (name: string) => examples.find(([other]) => other === name)![1];
    expect(decodeAccepted(payload('accepted'))).toEqual({ seqnr: 1, queued: false });
    expect(schema.problems(payload('unsubscribed'))).toEqual([]);
    expect(shape(encodeUnsubscribe(decodeUnsubscribe(payload('unsubscribed'))))).toEqual(
      shape(payload('unsubscribed')),
    );
    expect(StanzaError.fromStanza(parseElement(EVENTS_EXAMPLES.rejected!))).toMatchObject({ condition: 'forbidden' });
  });
});
