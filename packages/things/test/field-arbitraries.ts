import fc from 'fast-check';
import { FIELD_TYPES, type Field, type FieldValue, QOS_FLAGS } from '../src/sensor-data/field.ts';
import type { NodeReference } from '../src/thing/node.ts';

/** Text as XML can hold it in an attribute, white space that it would change left out. */
export const anyText = fc
  .string({ unit: 'grapheme', maxLength: 8 })
  .map((s) => s.replace(/\P{C}/gu, (c) => c).replace(/\p{C}/gu, ''));

export const anyName = anyText.map((text) => `n${text}`);

export const anyNode: fc.Arbitrary<NodeReference> = fc.record(
  { nodeId: anyName, sourceId: anyName, cacheType: anyName },
  { requiredKeys: ['nodeId'] },
);

const lexical = <T extends FieldValue['type']>(type: T, ...values: string[]) =>
  fc.record({ type: fc.constant(type), value: fc.constantFrom(...values) });

export const anyValue: fc.Arbitrary<FieldValue> = fc.oneof(
  fc.record({
    type: fc.constant('numeric' as const),
    value: fc.oneof(
      fc.constantFrom('10.00', '-0', '1E5', '007'),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    ),
    unit: anyText,
  }),
  fc.record({ type: fc.constant('string' as const), value: anyText }),
  lexical('date' as const, '2013-05-01', '2013-05-01+02:00'),
  lexical('dateTime' as const, '2013-05-01T08:00:00.123Z'),
  lexical('duration' as const, 'PT3M30S', '-P1Y'),
  lexical('time' as const, '08:00:00', '24:00:00'),
  fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ type: fc.constant('int' as const), value: fc.integer().map((n) => n + 0) }),
  fc.record({ type: fc.constant('long' as const), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
  fc.record({ type: fc.constant('enum' as const), value: anyText, dataType: anyText }),
) as fc.Arbitrary<FieldValue>;

/** Any instant that xs:dateTime can tell. */
export const anyDate = fc.date({
  min: new Date('0001-01-02T00:00:00Z'),
  max: new Date('9999-12-30T00:00:00Z'),
  noInvalidDate: true,
});

export const anyField: fc.Arbitrary<Field> = fc
  .record(
    {
      node: fc.option(anyNode, { nil: undefined }),
      name: anyText,
      value: anyValue,
      types: fc.subarray([...FIELD_TYPES]),
      qos: fc.subarray([...QOS_FLAGS]),
      timestamp: anyDate,
      writable: fc.boolean(),
      module: fc.constantFrom('M', 'a.b'),
      stringIds: fc.constantFrom('1', '2||x,3|m'),
    },
    { requiredKeys: ['node', 'name', 'value', 'types', 'qos', 'timestamp'] },
  )
  .map((field) => field as Field);
