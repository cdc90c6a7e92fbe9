import { isXmlText, parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadError } from '../thing/payload.ts';
import {
  decodeClaimed,
  decodeDisown,
  decodeFound,
  decodeMine,
  decodeNodeInfo,
  decodeRegister,
  decodeRemove,
  decodeSearch,
  decodeUpdate,
  encodeClaimed,
  encodeDisown,
  encodeDisowned,
  encodeFound,
  encodeMine,
  encodeRegister,
  encodeRemove,
  encodeRemoved,
  encodeSearch,
  encodeUnregister,
  encodeUpdate,
} from './codec.ts';
import { MetaTagError } from './meta-data.ts';
import type { MetaTag } from './meta-tag.ts';
import type { SearchOperator } from './search.ts';

const NS = "xmlns='urn:xmpp:iot:discovery'";
const thing = Jid.parse('thing@example.org');
const owner = Jid.parse('owner@example.org');
const node = { nodeId: 'imc1', sourceId: 'MeteringTopology' };

const metaTags: fc.Arbitrary<MetaTag[]> = fc.uniqueArray(
  fc.oneof(
    fc.record({
      name: fc.string({ unit: fc.constantFrom('A', 'B', 'Å', '-', '1'), minLength: 1, maxLength: 4 }),
      type: fc.constant('str' as const),
      value: fc.string({ unit: 'binary', maxLength: 20 }).filter(isXmlText),
    }),
    fc.record({
      name: fc.constantFrom('LAT', 'LON', 'V'),
      type: fc.constant('num' as const),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    }),
  ),
  { maxLength: 6, selector: (tag) => tag.name },
);

/** Through bytes, as it goes on the wire. */
const wire = (element: { toString(): string }) => parseElement(element.toString());
const decodeText = <T>(decode: (element: ReturnType<typeof parseElement>) => T, text: string) =>
  decode(parseElement(text));

describe('meta data', () => {
  test('of a registration read as in the specification', () => {
    const register = `<register ${NS} nodeId='imc1' sourceId='MeteringTopology'><str name='sn' value='39'/><num name='V' value='1.2'/></register>`;
    expect(decodeText(decodeRegister, register)).toEqual({
      node,
      tags: [
        { name: 'SN', type: 'str', value: '39' },
        { name: 'V', type: 'num', value: 1.2 },
      ],
      selfOwned: false,
    });
  });

  test('come back as they were', () => {
    fc.assert(
      fc.property(metaTags, fc.boolean(), fc.option(fc.constant(node), { nil: undefined }), (tags, flag, node) => {
        expect(decodeRegister(wire(encodeRegister({ node, tags, selfOwned: flag })))).toEqual({
          node,
          tags,
          selfOwned: flag,
        });
        expect(decodeMine(wire(encodeMine({ tags, public: flag })))).toEqual({ tags, public: flag });
        const jid = flag ? thing : undefined;
        expect(decodeUpdate(wire(encodeUpdate({ jid, node, tags })))).toEqual({ jid, node, tags });
        const found = { things: [{ jid: thing, node, owner, tags }], more: flag };
        expect(decodeFound(wire(encodeFound(found)))).toEqual(found);
      }),
    );
  });

  test.each([
    "<register xmlns='urn:xmpp:iot:discovery' selfOwned='yes'/>",
    `<register ${NS} sourceId='s'/>`,
    `<register ${NS}><str name='A'/></register>`,
    `<register ${NS}><str name='A' value='1'/><num name='a' value='1'/></register>`,
    `<register ${NS}><str name='A:B' value='1'/></register>`,
    `<register ${NS}><str name='${'A'.repeat(33)}' value='1'/></register>`,
    `<register ${NS}><str name='A' value='${'x'.repeat(129)}'/></register>`,
    `<register ${NS}><num name='A' value='INF'/></register>`,
    `<register ${NS}><num name='A' value='1e999'/></register>`,
    `<register ${NS}><num name='A' value='0x10'/></register>`,
  ])('that are wrong are refused: %s', (text) => {
    expect(() => decodeText(decodeRegister, text)).toThrow(PayloadError);
  });

  test('that cannot be sent are refused before', () => {
    const tag = { name: 'A', type: 'str', value: '\u0000' } as const;
    expect(() => encodeMine({ tags: [tag], public: true })).toThrow(MetaTagError);
  });
});

describe('owners and Things', () => {
  test('are told by bare JID and node; without a word a Thing is public', () => {
    const claimed = { jid: owner, node, public: false };
    expect(decodeClaimed(wire(encodeClaimed({ ...claimed, jid: owner.withResource('phone') })))).toEqual(claimed);
    expect(decodeText(decodeClaimed, `<claimed ${NS} jid='owner@example.org'/>`)).toEqual({
      jid: owner,
      node: undefined,
      public: true,
    });
    const full = { jid: thing.withResource('imc'), node };
    expect(decodeRemove(wire(encodeRemove(full)))).toEqual({ jid: thing, node });
    expect(decodeDisown(wire(encodeDisown(full)))).toEqual({ jid: thing, node });
    for (const encode of [encodeRemoved, encodeDisowned, encodeUnregister]) {
      expect(decodeNodeInfo(wire(encode(node)))).toEqual(node);
      expect(decodeNodeInfo(wire(encode(undefined)))).toBeUndefined();
    }
  });

  test('need a JID', () => {
    expect(() => decodeText(decodeRemove, `<remove ${NS} jid='a b@c'/>`)).toThrow(PayloadError);
    expect(() => decodeText(decodeRemove, `<remove ${NS}/>`)).toThrow(PayloadError);
  });
});

describe('a search', () => {
  test('reads as in the specification', () => {
    const search = `<search ${NS} offset='0' maxCount='20'><strEq name='MAN' value='www.ktc.se'/>
      <strMask name='SN' value='39487*' wildcard='*'/>
      <numRange name='V' min='1' minIncluded='true' max='2' maxIncluded='false'/></search>`;
    expect(decodeText(decodeSearch, search)).toEqual({
      operators: [
        { operator: 'strEq', name: 'MAN', value: 'www.ktc.se' },
        { operator: 'strMask', name: 'SN', value: '39487*', wildcard: '*' },
        { operator: 'numRange', name: 'V', min: 1, minIncluded: true, max: 2, maxIncluded: false },
      ],
      offset: 0,
      maxCount: 20,
    });
  });

  test('comes back as it was', () => {
    const operators: readonly SearchOperator[] = [
      ...(['strEq', 'strNEq', 'strGt', 'strGtEq', 'strLt', 'strLtEq'] as const).map((operator) => ({
        operator,
        name: 'A',
        value: 'é;',
      })),
      ...(['numEq', 'numNEq', 'numGt', 'numGtEq', 'numLt', 'numLtEq'] as const).map((operator) => ({
        operator,
        name: 'A',
        value: -1e-9,
      })),
      ...(['strRange', 'strNRange'] as const).map((operator) => ({
        operator,
        name: 'A',
        min: 'a',
        minIncluded: false,
        max: 'b',
        maxIncluded: true,
      })),
      ...(['numRange', 'numNRange'] as const).map((operator) => ({
        operator,
        name: 'A',
        min: 1,
        minIncluded: true,
        max: 2,
        maxIncluded: false,
      })),
      { operator: 'strMask', name: 'A', value: '%x%', wildcard: '%' },
    ];
    const search = { operators, offset: 40, maxCount: 20 };
    expect(decodeSearch(wire(encodeSearch(search)))).toEqual(search);
  });

  test.each([
    `<search ${NS}/>`,
    `<search ${NS}><like name='A' value='1'/></search>`,
    `<search ${NS}><strEq name='A'/></search>`,
    `<search ${NS}><numEq name='A' value='one'/></search>`,
    `<search ${NS}><strMask name='A' value='x' wildcard=''/></search>`,
    `<search ${NS} offset='-1'><strEq name='A' value='1'/></search>`,
    `<search ${NS} maxCount='0'><strEq name='A' value='1'/></search>`,
  ])('that is wrong is refused: %s', (text) => {
    expect(() => decodeText(decodeSearch, text)).toThrow(PayloadError);
  });
});
