import { type Element, parseElement } from '@thingward/xml';
import {
  decodeDataForm,
  decodeDynamicFlags,
  decodeFormPages,
  encodeDataForm,
  fieldsOfLayout,
  StanzaError,
} from '@thingward/xmpp';
import { describe, expect, test } from 'vitest';
import { CONTROL_EXAMPLES } from '../../test/fixtures/xep-0325.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import {
  CONTROL_NAMESPACE,
  decodeControlFormRequest,
  decodeControlRequest,
  decodeControlResponse,
  decodeParameterErrors,
  encodeControlFormRequest,
  encodeControlRequest,
  encodeControlResponse,
} from './codec.ts';
import { decodeControlForm, encodeControlForm, formSession } from './form.ts';

const schema = new SchemaCheck('control/schema.xsd');

function roundTrip(payload: Element): { value: unknown; again: Element } {
  switch (payload.name) {
    case 'set': {
      const value = decodeControlRequest(payload);
      return { value, again: encodeControlRequest(value) };
    }
    case 'getForm': {
      const value = decodeControlFormRequest(payload);
      return { value, again: encodeControlFormRequest(value) };
    }
    case 'setResponse': {
      const value = decodeControlResponse(payload);
      return { value, again: encodeControlResponse(value) };
    }
    default: {
      const value = decodeDataForm(payload);
      return { value, again: encodeDataForm(value) };
    }
  }
}

/** Names, attributes and values, whatever the white space and the order of attributes; without the language, which is not kept. */
function shape(element: Element): unknown {
  const attributes = Object.entries(element.attributes)
    .filter(([name]) => name !== 'xml:lang')
    .sort();
  return [element.name, element.namespace, attributes, element.text.trim(), element.elements.map(shape)];
}

const byName = (text: readonly [string, ...unknown[]], other: readonly [string, ...unknown[]]) =>
  text[0] < other[0] ? -1 : 1;
/** As `shape`, whatever the order of elements: forms are written in another order than the examples have. */
function unordered(element: Element): unknown {
  const [name, namespace, attributes, text] = shape(element) as [string, string, unknown, string];
  const children = element.elements
    .map((child): [string, unknown] => [JSON.stringify(unordered(child)), 0])
    .sort(byName);
  return [name, namespace, attributes, text, children];
}

const examples = Object.entries(CONTROL_EXAMPLES).map(([name, text]) => [name, parseElement(text)] as const);
const isError = (stanza: Element) => stanza.attribute('type') === 'error';
const payloads = examples
  .filter(([, stanza]) => !isError(stanza))
  .map(([name, stanza]) => [name, stanza.elements[0]!] as const);
const errors = examples.filter(([, stanza]) => isError(stanza));
const forms = payloads.filter(([, payload]) => payload.is('x'));

describe('every example of XEP-0325', () => {
  test('is there', () => expect([examples.length, errors.length, forms.length]).toEqual([38, 6, 3]));

  test.each(payloads.filter(([, payload]) => payload.namespace === CONTROL_NAMESPACE))(
    '%s is as the schema has it',
    (_, payload) => expect(schema.problems(payload)).toEqual([]),
  );

  test.each(payloads)('%s means the same after it was decoded, encoded and decoded again', (_, payload) => {
    const { value, again } = roundTrip(payload);
    const sent = parseElement(again.toString());
    expect(roundTrip(sent).value).toEqual(value);
    expect(unordered(sent)).toEqual(unordered(payload));
    if (payload.namespace === CONTROL_NAMESPACE) expect(schema.problems(sent)).toEqual([]);
  });

  test.each(errors)('%s is the error it says', (name, stanza) => {
    const error = StanzaError.fromStanza(stanza);
    expect(unordered(error.toElement()), name).toEqual(unordered(stanza.elements[0]!));
    for (const application of error.applications) expect(schema.problems(application)).toEqual([]);
    const isForm = name === '3.3.2 failure' || name === '3.4.5 failure';
    expect(decodeParameterErrors(error)).toHaveLength(isForm ? 0 : 1);
  });
});

describe('the control forms', () => {
  test.each(forms)('%s says what can be set, and survives as a control form', (_, payload) => {
    const form = decodeDataForm(payload);
    const control = decodeControlForm(form);
    expect(control.parameters.length).toBe(form.fields.length - 1);
    const again = decodeDataForm(
      parseElement(encodeDataForm(encodeControlForm(control, formSession(form))).toString()),
    );
    expect(decodeControlForm(again)).toEqual(control);
    expect(formSession(again)).toBe('325ED0F3-9A9A-45A4-9634-4E0D41C5EA06');
    const parameters = again.fields.slice(1);
    expect(parameters.every((field) => decodeDynamicFlags(field).notSame && field.validation)).toBe(true);
  });

  test('§5.4 has its angles in a group, on a page of their own', () => {
    const form = decodeDataForm(parseElement(CONTROL_EXAMPLES['5.4 form']!).elements[0]!);
    expect(
      decodeControlForm(form).parameters.map(({ parameter }) => [parameter.name, parameter.page, parameter.group]),
    ).toEqual([
      ['MainSwitch', 'Output', undefined],
      ['HorizontalAngle', 'Direction', 'direction'],
      ['ElevationAngle', 'Direction', 'direction'],
    ]);
    expect(decodeFormPages(form).map(({ items }) => fieldsOfLayout(items).length)).toEqual([1, 2]);
  });
});
