import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DataForm, DataFormError, decodeDataForm, encodeDataForm } from './data-form.ts';
import { decodeFormPages, encodeFormPages, type FormLayoutItem, fieldsOfLayout } from './data-form-layout.ts';
import {
  decodeDynamicFlags,
  decodePostBack,
  decodeUpdatedForm,
  encodeDynamicFlags,
  encodePostBack,
  encodeUpdatedForm,
  mergeFormEdits,
} from './dynamic-form.ts';

const SESSION = { var: 'xdd session', type: 'hidden' as const, values: ['009c7956'] };

describe('dynamic forms (XEP-0336)', () => {
  test('flags of fields survive', () => {
    const form = decodeDataForm(
      parseElement(`<x xmlns='jabber:x:data' type='form' xmlns:xdd='urn:xmpp:xdata:dynamic'>
        <field var='a'><value>sin(x</value><xdd:postBack/><xdd:error>Unexpected end of expression. ) expected.</xdd:error></field>
        <field var='b'><value>1</value><xdd:notSame/></field><field var='c'><xdd:readOnly/></field></x>`),
    );
    expect(form.fields.map(decodeDynamicFlags)).toEqual([
      { notSame: false, postBack: true, readOnly: false, error: 'Unexpected end of expression. ) expected.' },
      { notSame: true, postBack: false, readOnly: false, error: undefined },
      { notSame: false, postBack: false, readOnly: true, error: undefined },
    ]);
    for (const field of form.fields) {
      const flags = decodeDynamicFlags(field);
      expect(decodeDynamicFlags({ extensions: encodeDynamicFlags(flags) })).toEqual(flags);
    }
  });

  test('post-backs, cancellations and updates survive', () => {
    const form: DataForm = { type: 'submit', fields: [SESSION, { var: 'Country', values: ['CL'] }] };
    const sent = (name: 'submit' | 'cancel') =>
      decodePostBack(name, parseElement(encodePostBack(name, form).toString()));
    expect(sent('submit').fields.map(({ values }) => values)).toEqual([['009c7956'], ['CL']]);
    expect(sent('cancel').type).toBe('submit');
    const updated = encodeUpdatedForm({ sessionVariable: 'xdd session', form: { ...form, type: 'form' } });
    expect(decodeUpdatedForm(parseElement(updated.toString()))).toMatchObject({
      sessionVariable: 'xdd session',
      form: { type: 'form' },
    });
  });

  test.each([
    [
      `<updated xmlns='urn:xmpp:xdata:dynamic'><x xmlns='jabber:x:data' type='form'/></updated>`,
      'updated/@sessionVariable',
    ],
    [`<updated xmlns='urn:xmpp:xdata:dynamic' sessionVariable='a'/>`, 'updated'],
    [`<submit xmlns='urn:xmpp:xdata:dynamic'/>`, 'submit'],
    [`<updated xmlns='other' sessionVariable='a'/>`, 'updated'],
  ])('%s is refused, saying where', (text, path) => {
    expect(() => decodeUpdatedForm(parseElement(text))).toThrow(expect.objectContaining({ path }));
    expect(() => decodePostBack('submit', parseElement(text))).toThrow(DataFormError);
  });

  test('what was entered is merged with a form that comes meanwhile', () => {
    const notSame = encodeDynamicFlags({ notSame: true });
    const updated: DataForm = {
      type: 'form',
      fields: [
        { var: 'new', values: ['n'] },
        { var: 'edited', values: ['theirs'], extensions: notSame },
        { var: 'same', values: ['x'] },
        { var: 'untouched', values: ['u'], extensions: notSame },
      ],
    };
    const { form, edits } = mergeFormEdits(
      updated,
      new Map([
        ['edited', ['mine']],
        ['same', ['x']],
        ['gone', ['lost']],
      ]),
    );
    expect(form.fields.map(({ values }) => values)).toEqual([['n'], ['mine'], ['x'], ['u']]);
    expect(form.fields.map((field) => decodeDynamicFlags(field).notSame)).toEqual([false, false, false, true]);
    expect([...edits]).toEqual([['edited', ['mine']]]);
  });
});

describe('layout (XEP-0141)', () => {
  test('pages and nested sections are read in order, without references to what is not there', () => {
    const form = decodeDataForm(
      parseElement(`<x xmlns='jabber:x:data' type='form' xmlns:xdl='http://jabber.org/protocol/xdata-layout'>
        <xdl:page label='Personal'><xdl:text>Who are you?</xdl:text>
          <xdl:section label='Name'><xdl:fieldref var='first'/><xdl:fieldref var='gone'/><xdl:section/></xdl:section>
          <xdl:fieldref var='email'/><xdl:reportedref/><xdl:odd/></xdl:page>
        <page xmlns='other'/>
        <field var='first'/><field var='email'/></x>`),
    );
    expect(decodeFormPages(form)).toEqual([
      {
        label: 'Personal',
        items: [
          { kind: 'text', text: 'Who are you?' },
          {
            kind: 'section',
            label: 'Name',
            items: [
              { kind: 'field', var: 'first' },
              { kind: 'section', label: undefined, items: [] },
            ],
          },
          { kind: 'field', var: 'email' },
        ],
      },
    ]);
    expect(fieldsOfLayout(decodeFormPages(form)[0]!.items)).toEqual(['first', 'email']);
  });

  test('what is written is read as it was', () => {
    const text = fc.string({ maxLength: 8, unit: 'grapheme-ascii' });
    const names = ['a', 'b', 'c'];
    const { item } = fc.letrec<{ item: FormLayoutItem }>((tie) => ({
      item: fc.oneof(
        { maxDepth: 3 },
        fc.record({ kind: fc.constant('field' as const), var: fc.constantFrom(...names) }),
        fc.record({ kind: fc.constant('text' as const), text }),
        fc.record({
          kind: fc.constant('section' as const),
          label: fc.option(text, { nil: undefined }),
          items: fc.array(tie('item') as fc.Arbitrary<FormLayoutItem>, { maxLength: 3 }),
        }),
      ),
    }));
    const page = fc.record({ label: fc.option(text, { nil: undefined }), items: fc.array(item, { maxLength: 4 }) });
    fc.assert(
      fc.property(fc.array(page, { maxLength: 3 }), (pages) => {
        const form: DataForm = {
          type: 'form',
          fields: names.map((name) => ({ var: name })),
          extensions: encodeFormPages(pages),
        };
        expect(decodeFormPages(decodeDataForm(parseElement(encodeDataForm(form).toString())))).toEqual(pages);
      }),
      { numRuns: 100 },
    );
  });
});
