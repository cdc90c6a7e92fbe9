import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyName, anyNode, anyText } from '../../test/field-arbitraries.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { FIELD_TYPES } from '../sensor-data/field.ts';
import type { EventSubscription } from './codec.ts';
import { EVENT_DIALECTS } from './dialects.ts';

const sent = (element: { toString(): string }) => parseElement(element.toString());

describe.each(EVENT_DIALECTS.map((dialect) => [dialect.namespace, dialect] as const))('%s', (namespace, dialect) => {
  const { name } = dialect.readout;
  // The schema of the XEP refers to that of sensor data, which the check does not follow.
  const schema = name === 'xep' ? undefined : new SchemaCheck(`events/${name}.xsd`);
  const anyId = name === 'xep' ? fc.integer().map((n) => n + 0) : anyText;

  test('carries every subscription', () => {
    const change = fc.option(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), { nil: undefined });
    const interval = fc.option(fc.record({ months: fc.nat(99), milliseconds: fc.nat(86_400_000) }), { nil: undefined });
    const token = fc.option(anyName, { nil: undefined });
    const subscription: fc.Arbitrary<EventSubscription> = fc.record({
      seqnr: anyId,
      nodes: fc.array(anyNode, { maxLength: 3 }),
      fields: fc.array(
        fc.record({
          name: anyText,
          currentValue: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
          changedBy: change,
          changedUp: change,
          changedDown: change,
        }),
        { maxLength: 3 },
      ),
      types: fc.subarray([...FIELD_TYPES]),
      maxAge: interval,
      minInterval: interval,
      maxInterval: interval,
      immediate: fc.boolean(),
      serviceToken: token,
      deviceToken: token,
      userToken: token,
    });
    fc.assert(
      fc.property(subscription, (given) => {
        const element = sent(dialect.encodeSubscribe(given));
        expect(schema?.problems(element) ?? []).toEqual([]);
        expect(dialect.decodeSubscribe(element)).toEqual({ ...given, types: dialect.readout.tellable(given.types) });
      }),
    );
  });

  test('carries its end', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        expect(dialect.decodeUnsubscribe(sent(dialect.encodeUnsubscribe(id)))).toBe(id);
      }),
    );
  });

  test('refuses a change of nothing', () => {
    const [field, attribute] = name === 'xep' ? ['field', 'name'] : ['f', 'n'];
    const change = name === 'xep' ? 'changedBy' : 'by';
    const text = `<subscribe xmlns='${namespace}' seqnr='1' id='1'><${field} ${attribute}='a' ${change}='0'/></subscribe>`;
    expect(() => dialect.decodeSubscribe(parseElement(text))).toThrow(`subscribe/${field}[1]/@${change}`);
  });
});
