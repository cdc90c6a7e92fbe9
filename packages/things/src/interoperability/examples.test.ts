import { parseElement } from '@thingward/xml';
import { describe, expect, test } from 'vitest';
import { INTEROPERABILITY_EXAMPLES } from '../../test/fixtures/interoperability-draft.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { shape } from '../../test/shape.ts';
import { decodeGetInterfaces, decodeInterfaces, encodeGetInterfaces, encodeInterfaces } from './codec.ts';
import { findInterface } from './find-interface.ts';

const schema = new SchemaCheck('interoperability/schema.xsd');

describe('the example of the draft on interoperability', () => {
  const [request, response] = Object.values(INTEROPERABILITY_EXAMPLES).map((text) => parseElement(text).elements[0]!);

  test('is as the schema has it, and means the same after it was written', () => {
    for (const [payload, again] of [
      [request!, encodeGetInterfaces(decodeGetInterfaces(request!))],
      [response!, encodeInterfaces(decodeInterfaces(response!))],
    ] as const) {
      expect(schema.problems(payload)).toEqual([]);
      const sent = parseElement(again.toString());
      expect(schema.problems(sent)).toEqual([]);
      expect(shape(sent)).toEqual(shape(payload));
    }
  });

  test('names interfaces that the document has', () => {
    const names = decodeInterfaces(response!);
    expect(names).toHaveLength(20);
    // The document defines `Rain`, and its example has this.
    const undefinedNames = ['XMPP.IoT.Sensor.RainRate', 'XMPP.IoT.Sensor.RainRate.History'];
    expect(names.filter((name) => findInterface(name) === undefined)).toEqual(undefinedNames);
  });
});
