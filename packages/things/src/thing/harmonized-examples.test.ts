import { type Element, parseElement } from '@thingward/xml';
import { describe, expect, test } from 'vitest';
import { harmonizedExamples } from '../../test/fixtures/harmonized.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { shape } from '../../test/shape.ts';
import { CONTROL_DIALECTS } from '../control/dialects.ts';
import { EVENT_DIALECTS } from '../events/dialects.ts';
import { READOUT_DIALECTS } from '../sensor-data/dialects.ts';
import type { HarmonizedName } from './dialect-names.ts';

/** Decoded and encoded again. */
function again(payload: Element): Element {
  const isOf = ({ namespace }: { readonly namespace: string }) => namespace === payload.namespace;
  const readout = READOUT_DIALECTS.find(isOf);
  const control = CONTROL_DIALECTS.find(isOf);
  const events = EVENT_DIALECTS.find(isOf);
  switch (payload.name) {
    case 'req':
      return readout!.encodeRequest(readout!.decodeRequest(payload));
    case 'accepted':
      return readout!.encodeAccepted(readout!.decodeAccepted(payload));
    case 'cancel':
      return readout!.encodeCancel(readout!.decodeCancel(payload));
    case 'subscribe':
      return events!.encodeSubscribe(events!.decodeSubscribe(payload));
    case 'unsubscribe':
      return events!.encodeUnsubscribe(events!.decodeUnsubscribe(payload));
    case 'set':
      return control!.encodeRequest(control!.decodeRequest(payload));
    case 'getForm':
      return control!.encodeFormRequest(control!.decodeFormRequest(payload));
    default: {
      if (control) return control.encodeResponse(control.decodeResponse(payload));
      const [message, ...others] = readout!.decodeMessages(payload);
      expect(others).toEqual([]);
      return readout!.encodeMessage(message!);
    }
  }
}

describe.each<[HarmonizedName]>([['nf'], ['ieee']])('every example, in the namespaces of %s', (name) => {
  const schemas = ['sensor-data', 'control', 'events'].map((folder) => new SchemaCheck(`${folder}/${name}.xsd`));
  const problems = (payload: Element) =>
    schemas
      .map((schema) => schema.problems(payload))
      .reduce((a, b) => (a.length < b.length || !a[0]?.startsWith('<') ? a : b));

  test.each(Object.entries(harmonizedExamples(name)))('%s', (_, text) => {
    const payload = parseElement(text).elements[0]!;
    expect(problems(payload)).toEqual([]);
    const written = parseElement(again(payload).toString());
    expect(problems(written)).toEqual([]);
    expect(shape(written)).toEqual(shape(payload));
  });
});
