import { Element, parseElement, xml } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DATA_FORM_NAMESPACE,
  DATA_FORM_TYPES,
  DataFormError,
  decodeDataForm,
  encodeDataForm,
  FORM_FIELD_TYPES,
  formValues,
} from './data-form.ts';

const DIMMER = `<x type='form' xmlns='jabber:x:data' xmlns:xdv='http://jabber.org/protocol/xdata-validate'
    xmlns:xdd='urn:xmpp:xdata:dynamic'>
  <title>Dimmer</title>
  <instructions>Set the light.</instructions>
  <field var='xdd session' type='hidden'><value>325ED0F3</value></field>
  <field var='OutputPercent' type='text-single' label='Output (%):'>
    <desc>Dimmer output, in percent.</desc>
    <required/>
    <value>100</value>
    <xdv:validate datatype='xs:int'><xdv:range min='0' max='100'/></xdv:validate>
    <xdd:notSame/>
  </field>
  <field var='Mode' type='list-multi'>
    <option label='Fast'><value>fast</value></option>
    <option><value>slow</value></option>
    <xdv:validate><xdv:open/><xdv:list-range min='1' max='2'/></xdv:validate>
  </field>
  <field var='Code' type='something-new'>
    <xdv:validate datatype='xs:string'><xdv:regex>[0-9]{3}</xdv:regex></xdv:validate>
  </field>
  <field type='fixed'><value>That is all.</value></field>
</x>`;

describe('decoding', () => {
  test('reads all parts of a form', () => {
    const form = decodeDataForm(parseElement(DIMMER));
    expect(form).toMatchObject({ type: 'form', title: 'Dimmer', instructions: ['Set the light.'] });
    expect(form.fields.map((field) => field.var)).toEqual(['xdd session', 'OutputPercent', 'Mode', 'Code', undefined]);
    expect(form.fields[1]).toMatchObject({
      type: 'text-single',
      label: 'Output (%):',
      description: 'Dimmer output, in percent.',
      required: true,
      values: ['100'],
      validation: { datatype: 'xs:int', method: { kind: 'range', min: '0', max: '100' } },
    });
    expect(form.fields[1]?.extensions?.map((extension) => extension.name)).toEqual(['notSame']);
    expect(form.fields[2]).toMatchObject({
      options: [{ label: 'Fast', value: 'fast' }, { value: 'slow' }],
      validation: { datatype: 'xs:string', method: { kind: 'open' }, listRange: { min: 1, max: 2 } },
    });
    expect(form.fields[3]).toMatchObject({
      type: 'text-single',
      validation: { method: { kind: 'regex', pattern: '[0-9]{3}' } },
    });
    expect(formValues(form, 'OutputPercent')).toEqual(['100']);
    expect(formValues(form, 'absent')).toBeUndefined();
  });

  test('reads a table of results', () => {
    const form = decodeDataForm(
      parseElement(`<x xmlns='jabber:x:data' type='result'><reported><field var='name' label='Name'/></reported>
        <item><field var='name'><value>a</value></field></item><item><field var='name'><value>b</value></field></item></x>`),
    );
    expect(form.reported?.[0]).toMatchObject({ var: 'name', label: 'Name' });
    expect(form.items?.map((item) => item[0]?.values)).toEqual([['a'], ['b']]);
  });

  test.each([
    [`<y xmlns='jabber:x:data' type='form'/>`, 'y'],
    [`<x xmlns='other' type='form'/>`, 'x'],
    [`<x xmlns='jabber:x:data'/>`, 'x/@type'],
    [`<x xmlns='jabber:x:data' type='reform'/>`, 'x/@type'],
    [`<x xmlns='jabber:x:data' type='form'><field var='a'/><field/></x>`, 'x/field[2]/@var'],
    [`<x xmlns='jabber:x:data' type='form'><field var='a'><option/></field></x>`, 'x/field[1]/option[1]'],
    [
      `<x xmlns='jabber:x:data' type='form'><field var='a'><validate xmlns='http://jabber.org/protocol/xdata-validate'>
        <list-range max='-1'/></validate></field></x>`,
      'x/field[1]/validate/list-range/@max',
    ],
  ])('refuses %s and says where', (text, path) => {
    try {
      decodeDataForm(parseElement(text));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DataFormError);
      expect(error).toMatchObject({ code: 'malformed-form', path });
    }
  });
});

describe('properties', () => {
  const text = fc.string({ maxLength: 12, unit: 'grapheme-ascii' });
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const field = fc.record({
    var: text,
    type: maybe(fc.constantFrom(...FORM_FIELD_TYPES)),
    label: maybe(text),
    description: maybe(text),
    required: fc.boolean(),
    values: fc.array(text, { maxLength: 3 }),
    options: fc.array(fc.record({ label: maybe(text), value: text }), { maxLength: 3 }),
    validation: maybe(
      fc.record({
        datatype: text,
        method: fc.oneof(
          fc.record({ kind: fc.constantFrom('basic' as const, 'open' as const) }),
          fc.record({ kind: fc.constant('range' as const), min: maybe(text), max: maybe(text) }),
          fc.record({ kind: fc.constant('regex' as const), pattern: text }),
        ),
        listRange: maybe(fc.record({ min: maybe(fc.nat(999_999_999)), max: fc.nat(999_999_999) })),
      }),
    ),
    extensions: fc.constant([]),
  });
  const form = fc.record({
    type: fc.constantFrom(...DATA_FORM_TYPES),
    title: maybe(text),
    instructions: fc.array(text, { maxLength: 2 }),
    fields: fc.array(field, { maxLength: 4 }),
    reported: maybe(fc.array(field, { maxLength: 2 })),
    items: fc.array(fc.array(field, { maxLength: 2 }), { maxLength: 2 }),
    extensions: fc.constant([]),
  });

  test('a form survives encoding, the wire and decoding', () => {
    fc.assert(
      fc.property(form, (value) => {
        const decoded = decodeDataForm(parseElement(encodeDataForm(value).toString()));
        expect(JSON.parse(JSON.stringify(decoded))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 200 },
    );
  });

  test('no element makes it throw anything but its own error', () => {
    const names = fc.constantFrom('x', 'field', 'option', 'value', 'reported', 'item', 'required', 'validate', 'range');
    const namespaces = fc.constantFrom(DATA_FORM_NAMESPACE, 'http://jabber.org/protocol/xdata-validate', undefined);
    const attributes = fc.dictionary(fc.constantFrom('type', 'var', 'min', 'max', 'datatype'), text);
    const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
      tree: fc
        .tuple(names, namespaces, attributes, fc.array(fc.oneof({ maxDepth: 3 }, text, tie('tree')), { maxLength: 4 }))
        .map(([name, xmlns, others, children]) => xml(name, { xmlns, ...others }, children)),
    }));
    fc.assert(
      fc.property(tree, fc.constantFrom(...DATA_FORM_TYPES), (element, type) => {
        const root = new Element('x', DATA_FORM_NAMESPACE, { type }, [element, ...element.children]);
        for (const candidate of [element, root]) {
          try {
            decodeDataForm(candidate);
          } catch (error) {
            expect(error).toBeInstanceOf(DataFormError);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
