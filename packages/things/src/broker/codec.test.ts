import { isXmlText, parseElement, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadError } from '../thing/payload.ts';
import {
  decodeBrokerReaders,
  decodeDocument,
  decodeDocumentChange,
  decodeDocumentList,
  decodeFollow,
  decodeFollowing,
  decodeGetDocument,
  decodeListDocuments,
  decodePutDocument,
  decodeRemoveDocument,
  decodeUnfollow,
  encodeBrokerReaders,
  encodeDocument,
  encodeDocumentChange,
  encodeDocumentList,
  encodeFollow,
  encodeFollowing,
  encodeGetDocument,
  encodeListDocuments,
  encodePutDocument,
  encodeRemoveDocument,
  encodeUnfollow,
} from './codec.ts';
import { contentDigest, contentOctets, type DocumentContent } from './document.ts';

const NS = "xmlns='urn:thingward:broker:1'";
const DIGEST = 'a'.repeat(64);
/** Through bytes, as it goes on the wire. */
const wire = (element: { toString(): string }) => parseElement(element.toString());

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(isXmlText);
const filled = text.filter((value) => value !== '');
const date = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
const digest = fc
  .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 64, maxLength: 64 })
  .map((digits) => digits.join(''));
const node = fc.record({ nodeId: filled, sourceId: filled, cacheType: filled }, { requiredKeys: ['nodeId'] });
const followed = fc.record(
  { thing: fc.constantFrom(Jid.parse('plc@example.org'), Jid.parse('meter.example.org')), node },
  { requiredKeys: ['thing'] },
);
const reference = fc
  .tuple(followed, fc.constantFrom('register-map', 'teds', 'x'), text)
  .map(([thing, kind, name]) => ({ ...thing, kind, name }));
const content: fc.Arbitrary<DocumentContent> = fc.oneof(
  text.map((value) => ({ form: 'text' as const, text: value })),
  fc.uint8Array({ maxLength: 40 }).map((octets) => ({ form: 'octets' as const, octets })),
  fc
    .tuple(text, text)
    .map(([b, value]) => ({ form: 'xml' as const, element: xml('t', { xmlns: 'urn:t', b, a: '1' }, value) })),
);
const entry = fc
  .tuple(reference, text, digest, fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.nat(), date)
  .map(([about, mediaType, sum, version, size, at]) => ({
    ...about,
    mediaType,
    digest: sum,
    version,
    size,
    at,
    by: Jid.parse('owner@example.org'),
  }));

const bytes = (value: DocumentContent) => [value.form, String(contentOctets(value))];

describe('payloads of the broker', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(
        reference,
        content,
        fc.option(fc.oneof(digest, fc.constant('none')), { nil: undefined }),
        (about, value, previous) => {
          const put = {
            ...about,
            mediaType: 'text/csv',
            content: value,
            ...(previous === undefined ? {} : { previous }),
          };
          const decoded = decodePutDocument(wire(encodePutDocument(put)));
          expect({ ...decoded, content: bytes(decoded.content) }).toEqual({ ...put, content: bytes(value) });
        },
      ),
    );
    fc.assert(
      fc.property(reference, digest, entry, content, (about, sum, document, value) => {
        const get = { ...about, unless: sum };
        expect(decodeGetDocument(wire(encodeGetDocument(get)))).toEqual(get);
        expect(decodeGetDocument(wire(encodeGetDocument(about)))).toEqual(about);
        const remove = { ...about, previous: sum };
        expect(decodeRemoveDocument(wire(encodeRemoveDocument(remove)))).toEqual(remove);
        expect(decodeDocument(wire(encodeDocument(document)))).toEqual(document);
        const { content: given, ...rest } = decodeDocument(wire(encodeDocument(document, value)));
        expect(rest).toEqual(document);
        expect(given && bytes(given)).toEqual(bytes(value));
        for (const change of [
          { kind: 'changed' as const, document },
          { kind: 'removed' as const, document: about },
        ]) {
          expect(decodeDocumentChange(wire(encodeDocumentChange(change)))).toEqual(change);
        }
      }),
    );
    fc.assert(
      fc.property(followed, fc.array(entry, { maxLength: 3 }), date, (thing, documents, until) => {
        expect(decodeFollow(wire(encodeFollow(thing)))).toEqual(thing);
        expect(decodeUnfollow(wire(encodeUnfollow(thing)))).toEqual(thing);
        expect(decodeFollowing(wire(encodeFollowing(until)))).toEqual(until);
        const list = { ...thing, kind: 'teds', part: { max: 5, after: 'x', before: undefined, index: undefined } };
        expect(decodeListDocuments(wire(encodeListDocuments(list)))).toEqual(list);
        const answer = { documents, part: { first: 'a', last: 'b', index: undefined, count: 7 } };
        expect(decodeDocumentList(wire(encodeDocumentList(answer)))).toEqual(answer);
        const readers = { node: thing.node, readers: [thing.thing], owner: Jid.parse('o@example.org') };
        expect(decodeBrokerReaders(wire(encodeBrokerReaders(readers)))).toEqual(readers);
      }),
    );
  });

  test('hold text with all its ends of lines', () => {
    const put = { thing: Jid.parse('a@b'), kind: 'x', name: '', mediaType: 'text/csv' };
    const value = { form: 'text', text: 'a,b\r\n1,"<&>"\r2\n' } as const;
    expect(decodePutDocument(wire(encodePutDocument({ ...put, content: value }))).content).toEqual(value);
  });

  test('have one digest whatever order attributes come in', async () => {
    const of = (text: string) => contentDigest({ form: 'xml', element: parseElement(text) });
    const one = await of("<a xmlns='urn:a' x='1' y='2'><b q='1' p='2'/></a>");
    expect(await of("<p:a xmlns:p='urn:a' y='2' x='1'><p:b p='2' q='1'></p:b></p:a>")).toBe(one);
    expect(await of("<a xmlns='urn:a' x='1' y='3'><b q='1' p='2'/></a>")).not.toBe(one);
    // Of 'abc', as FIPS 180-2 appendix B.1 has it.
    expect(await contentDigest({ form: 'text', text: 'abc' })).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  test.each([
    ['a document of nothing', decodePutDocument, `<put ${NS} thing='a@b' kind='k' name='n' mediaType='m'/>`],
    [
      'two contents',
      decodePutDocument,
      `<put ${NS} thing='a@b' kind='k' name='n' mediaType='m'><text/><octets/></put>`,
    ],
    [
      'two roots',
      decodePutDocument,
      `<put ${NS} thing='a@b' kind='k' name='n' mediaType='m'><xml><a/><b/></xml></put>`,
    ],
    [
      'octets that are none',
      decodePutDocument,
      `<put ${NS} thing='a@b' kind='k' name='n' mediaType='m'><octets>?</octets></put>`,
    ],
    ['a digest that is none', decodeGetDocument, `<get ${NS} thing='a@b' kind='k' name='n' unless='${DIGEST}0'/>`],
    ['no Thing', decodeGetDocument, `<get ${NS} kind='k' name='n'/>`],
    ['a Thing that is no JID', decodeListDocuments, `<list ${NS} thing='@'/>`],
    ['a node without its name', decodeListDocuments, `<list ${NS} thing='a@b' sourceId='s'/>`],
    ['no kind', decodeRemoveDocument, `<remove ${NS} thing='a@b' name='n'/>`],
    [
      'a version that is none',
      decodeDocument,
      `<document ${NS} thing='a@b' kind='k' name='n' mediaType='m' digest='${DIGEST}' version='0' size='1' at='2026-01-01T00:00:00Z' by='a@b'/>`,
    ],
    ['a change of nothing', decodeDocumentChange, `<changed ${NS}/>`],
    ['an owner that is no JID', decodeBrokerReaders, `<readers ${NS} owner='@'/>`],
    ['another element', decodeFollowing, `<follow ${NS} thing='a@b'/>`],
  ])('are refused: %s', (_, decode, text) => {
    expect(() => decode(parseElement(text))).toThrow(PayloadError);
  });
});
