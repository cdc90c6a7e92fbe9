import { type Element, parseElement, xml } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ARCHIVE,
  type ArchiveFilter,
  decodeArchiveFin,
  decodeArchiveMetadata,
  decodeArchiveQuery,
  decodeArchiveResult,
  encodeArchiveFin,
  encodeArchiveForm,
  encodeArchiveMetadata,
  encodeArchiveQuery,
  encodeArchiveResult,
} from './archive.ts';
import { decodeArchivePreferences, encodeArchivePreferences } from './archive-preferences.ts';
import { Jid } from './jid.ts';
import { StanzaError } from './stanza-error.ts';

const submit = (fields: string) =>
  `<query xmlns='${ARCHIVE}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>${ARCHIVE}</value></field>${fields}</x></query>`;
const field = (name: string, ...values: string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;
const filterOf = (fields: string) => decodeArchiveQuery(parseElement(submit(fields))).filter;
const defined = (filter: ArchiveFilter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value));

describe('archive queries (XEP-0313 §4)', () => {
  it('say what the examples say', () => {
    expect(decodeArchiveQuery(parseElement(`<query xmlns='${ARCHIVE}' queryid='f27'/>`))).toEqual({
      queryId: 'f27',
      node: undefined,
      filter: {},
      page: undefined,
      flipPage: false,
    });
    expect(defined(filterOf(field('with', 'juliet@capulet.lit')))).toEqual({ with: Jid.parse('juliet@capulet.lit') });
    expect(defined(filterOf(field('start', '2010-06-07T00:00:00Z') + field('end', '2010-07-07T13:23:54Z')))).toEqual({
      start: new Date('2010-06-07T00:00:00Z'),
      end: new Date('2010-07-07T13:23:54Z'),
    });
    expect(defined(filterOf(field('after-id', '28482-98726-73623') + field('before-id', '09af3-cc343-b409f')))).toEqual(
      { afterId: '28482-98726-73623', beforeId: '09af3-cc343-b409f' },
    );
    expect(defined(filterOf(field('ids', '1', '2')))).toEqual({ ids: ['1', '2'] });
    expect(filterOf(field('include-groupchat', 'false')).includeGroupchat).toBe(false);
    const flipped = parseElement(
      `<query xmlns='${ARCHIVE}'><set xmlns='http://jabber.org/protocol/rsm'><max>10</max><after>09af3-cc343-b409f</after></set><flip-page/></query>`,
    );
    expect(decodeArchiveQuery(flipped)).toMatchObject({
      page: { max: 10, after: '09af3-cc343-b409f' },
      flipPage: true,
    });
  });

  it('come back as they were', () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).filter((value) => value.trim() === value);
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
    const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const query = fc.record({
      queryId: option(text),
      node: option(text),
      filter: fc.record({
        with: option(fc.constantFrom(Jid.parse('a@b'), Jid.parse('a@b/c'), Jid.parse('b'))),
        start: option(date),
        end: option(date),
        beforeId: option(text),
        afterId: option(text),
        ids: option(fc.array(text, { minLength: 1 })),
        includeGroupchat: option(fc.boolean()),
      }),
      page: option(
        fc.record({
          max: option(fc.nat({ max: 999_999_999 })),
          after: option(text),
          before: option(text),
          index: fc.constant(undefined),
        }),
      ),
      flipPage: fc.boolean(),
    });
    fc.assert(
      fc.property(query, (value) => {
        const { filter, ...rest } = decodeArchiveQuery(parseElement(encodeArchiveQuery(value).toString()));
        expect(defined(filter)).toEqual(defined(value.filter));
        expect(rest).toMatchObject({
          queryId: value.queryId,
          node: value.node,
          page: value.page,
          flipPage: value.flipPage,
        });
      }),
    );
  });

  it.each([
    ['feature-not-implemented', field('{http://example.com/}free-text-search', 'x')],
    ['bad-request', field('with', 'a@@b')],
    ['bad-request', field('with')],
    ['bad-request', field('with', 'a@b', 'c@d')],
    ['bad-request', field('start', 'yesterday')],
    ['bad-request', field('start', '1') + field('start', '2')],
    ['bad-request', field('include-groupchat', 'perhaps')],
    ['bad-request', '<field/>'],
  ])('are refused with %s: %s', (condition, fields) => {
    expect(() => filterOf(fields)).toThrow(expect.objectContaining({ condition }));
  });

  it('are refused with another form', () => {
    const form = (type: string, formType: string) =>
      parseElement(
        `<query xmlns='${ARCHIVE}'><x xmlns='jabber:x:data' type='${type}'><field var='FORM_TYPE'><value>${formType}</value></field></x></query>`,
      );
    expect(decodeArchiveQuery(form('submit', ARCHIVE)).filter.with).toBeUndefined();
    for (const query of [form('submit', 'urn:xmpp:mam:1'), form('result', ARCHIVE), form('x', ARCHIVE)]) {
      expect(() => decodeArchiveQuery(query)).toThrow(StanzaError);
    }
  });

  it('refuse with a StanzaError whatever else comes', () => {
    const tree: fc.Arbitrary<Element> = fc.letrec<{ element: Element }>((tie) => ({
      element: fc
        .record({
          name: fc.constantFrom('query', 'x', 'field', 'value', 'set', 'max', 'after', 'flip-page'),
          namespace: fc.constantFrom(ARCHIVE, 'jabber:x:data', 'http://jabber.org/protocol/rsm'),
          var: fc.constantFrom('FORM_TYPE', 'with', 'start', 'ids', undefined),
          type: fc.constantFrom('submit', undefined),
          content: fc.array(fc.oneof(fc.constantFrom(ARCHIVE, 'a@b', '@', '7'), tie('element')), { maxLength: 4 }),
        })
        .map(({ name, namespace, content, ...attributes }) => xml(name, { xmlns: namespace, ...attributes }, content)),
    })).element;
    fc.assert(
      fc.property(tree, (element) => {
        for (const decode of [decodeArchiveQuery, decodeArchivePreferences, decodeArchiveMetadata, decodeArchiveFin]) {
          try {
            decode(element);
          } catch (error) {
            expect(error).toBeInstanceOf(StanzaError);
          }
        }
      }),
    );
  });

  it('may have the fields the form tells (§4.1.5)', () => {
    const form = encodeArchiveForm().child('x', 'jabber:x:data');
    expect(form?.attribute('type')).toBe('form');
    expect(form?.childrenNamed('field').map((one) => [one.attribute('var'), one.attribute('type')])).toEqual([
      ['FORM_TYPE', 'hidden'],
      ['with', 'jid-single'],
      ['start', 'text-single'],
      ['end', 'text-single'],
      ['before-id', 'text-single'],
      ['after-id', 'text-single'],
      ['ids', 'list-multi'],
      ['include-groupchat', 'boolean'],
    ]);
    expect(form?.toString()).toContain(
      `<validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:string'><open/></validate>`,
    );
  });
});

const JULIET = Jid.parse('juliet@capulet.lit/chamber');

describe('archive results (XEP-0313 §4.2)', () => {
  const example = `<message xmlns='jabber:client' to='juliet@capulet.lit/chamber'><result xmlns='${ARCHIVE}' queryid='f27' id='28482-98726-73623'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25.000Z'/><message xmlns='jabber:client' to='juliet@capulet.lit/balcony' from='romeo@montague.lit/orchard' type='chat'><body>Call me but love</body></message></forwarded></result></message>`;

  it('are read and written', () => {
    const message = parseElement(example);
    const result = decodeArchiveResult(message, JULIET);
    expect(decodeArchiveResult(message.with({ from: 'mallory@capulet.lit' }), JULIET)).toBeUndefined();
    expect(result).toMatchObject({ queryId: 'f27', id: '28482-98726-73623', stamp: new Date('2010-07-10T23:08:25Z') });
    expect(result?.message.child('body')?.text).toBe('Call me but love');
    expect(result && encodeArchiveResult(result).toString()).toBe(message.elements[0]?.toString());
    expect(decodeArchiveResult(xml('message', { xmlns: 'jabber:client' }), JULIET)).toBeUndefined();
    expect(() => decodeArchiveResult(xml('message', {}, xml('result', { xmlns: ARCHIVE, id: '1' })), JULIET)).toThrow(
      StanzaError,
    );
  });

  it('end (§4.3)', () => {
    const page = { first: '23452-4534-1', last: '390-2342-22', index: 0, count: 16 };
    expect(encodeArchiveFin({ isComplete: true, page }).toString()).toBe(
      `<fin xmlns='${ARCHIVE}' complete='true'><set xmlns='http://jabber.org/protocol/rsm'><first index='0'>23452-4534-1</first><last>390-2342-22</last><count>16</count></set></fin>`,
    );
    expect(encodeArchiveFin({ isComplete: false, page: {} }).attribute('complete')).toBeUndefined();
    for (const fin of [
      { isComplete: true, isStable: true, page },
      { isComplete: false, isStable: false, page },
    ]) {
      expect(decodeArchiveFin(encodeArchiveFin(fin))).toEqual(fin);
    }
  });

  it('metadata (§5)', () => {
    const text = `<metadata xmlns='${ARCHIVE}'><start id='YWxwaGEg' timestamp='2008-08-22T21:09:04.000Z'/><end id='b21lZ2Eg' timestamp='2020-04-20T14:34:21.000Z'/></metadata>`;
    const metadata = decodeArchiveMetadata(parseElement(text));
    expect(metadata?.start).toEqual({ id: 'YWxwaGEg', timestamp: new Date('2008-08-22T21:09:04Z') });
    expect(encodeArchiveMetadata(metadata).toString()).toBe(text);
    expect(encodeArchiveMetadata(undefined).toString()).toBe(`<metadata xmlns='${ARCHIVE}'/>`);
    expect(decodeArchiveMetadata(encodeArchiveMetadata(undefined))).toBeUndefined();
  });
});

describe('archive preferences (XEP-0441)', () => {
  it('are read and written', () => {
    const text = `<prefs xmlns='${ARCHIVE}' default='roster'><always><jid>romeo@montague.lit</jid></always><never><jid>montague@montague.lit</jid></never></prefs>`;
    const preferences = decodeArchivePreferences(parseElement(text));
    expect(preferences).toEqual({
      default: 'roster',
      always: [Jid.parse('romeo@montague.lit')],
      never: [Jid.parse('montague@montague.lit')],
    });
    expect(encodeArchivePreferences(preferences).toString()).toBe(text);
    expect(decodeArchivePreferences(parseElement(`<prefs xmlns='${ARCHIVE}' default='never'/>`))).toEqual({
      default: 'never',
      always: [],
      never: [],
    });
    for (const bad of [`default='sometimes'`, '']) {
      expect(() => decodeArchivePreferences(parseElement(`<prefs xmlns='${ARCHIVE}' ${bad}/>`))).toThrow(StanzaError);
    }
    const nobody = `<prefs xmlns='${ARCHIVE}' default='never'><never><jid>@</jid></never></prefs>`;
    expect(() => decodeArchivePreferences(parseElement(nobody))).toThrow(
      expect.objectContaining({ condition: 'jid-malformed' }),
    );
  });
});
