import { xml } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import {
  decodeResultSetPage,
  decodeResultSetRequest,
  encodeResultSetPage,
  encodeResultSetRequest,
  findResultSetRequest,
  RESULT_SET,
} from './result-set.ts';
import { StanzaError } from './stanza-error.ts';

describe('result sets (XEP-0059)', () => {
  it('are asked for', () => {
    for (const request of [{ max: 10 }, { max: 10, after: 'peterpan@neverland.lit' }, { before: '' }, { index: 371 }]) {
      const encoded = encodeResultSetRequest(request);
      expect(decodeResultSetRequest(encoded)).toEqual({
        max: undefined,
        after: undefined,
        before: undefined,
        index: undefined,
        ...request,
      });
      expect(findResultSetRequest(xml('query', { xmlns: 'jabber:iq:search' }, encoded))).toMatchObject(request);
    }
    expect(findResultSetRequest(xml('query', { xmlns: 'jabber:iq:search' }))).toBeUndefined();
  });

  it('are told of', () => {
    expect(encodeResultSetPage({ first: 'a', last: 'b', index: 0, count: 800 }).toString()).toBe(
      `<set xmlns='${RESULT_SET}'><first index='0'>a</first><last>b</last><count>800</count></set>`,
    );
    for (const page of [{ first: 'a', last: 'b', index: 3, count: 8 }, { count: 790 }]) {
      expect(decodeResultSetPage(encodeResultSetPage(page))).toMatchObject(page);
    }
  });

  it('are refused with numbers that are none', () => {
    for (const text of ['-1', 'many', '', '1e3', '9999999999']) {
      expect(() => decodeResultSetRequest(xml('set', { xmlns: RESULT_SET }, xml('max', {}, text)))).toThrow(
        StanzaError,
      );
    }
  });
});
