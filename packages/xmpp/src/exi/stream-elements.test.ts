import { parseElement } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import {
  compressedAnswer,
  compressionFailure,
  compressRequest,
  decodeCompressionFailure,
  decodeCompressionFeature,
  decodeCompressRequest,
  encodeCompressionFeature,
} from './stream-compression.ts';
import { decodeExiStreamStart, encodeExiStreamStart, exiStreamEnd, isExiStreamEnd } from './stream-elements.ts';

const NS = "xmlns='http://jabber.org/protocol/compress/exi'";

describe('the start of a stream', () => {
  it('holds what the start tag does, and the prefixes (XEP-0322, example 20)', () => {
    const start = decodeExiStreamStart(
      parseElement(`<exi:streamStart from='client@im.example.org' to='im.example.org' version='1.0' xml:lang='en'
          xmlns:exi='http://jabber.org/protocol/compress/exi'>
        <exi:xmlns prefix='' namespace='jabber:client'/>
        <exi:xmlns prefix='streams' namespace='http://etherx.jabber.org/streams'/>
        <exi:xmlns prefix='exi' namespace='http://jabber.org/protocol/compress/exi'/>
      </exi:streamStart>`),
    );
    expect(start).toEqual({
      from: 'client@im.example.org',
      to: 'im.example.org',
      id: undefined,
      version: '1.0',
      lang: 'en',
      namespaces: new Map([
        ['', 'jabber:client'],
        ['streams', 'http://etherx.jabber.org/streams'],
        ['exi', 'http://jabber.org/protocol/compress/exi'],
      ]),
    });
    expect(decodeExiStreamStart(parseElement(encodeExiStreamStart(start).toString()))).toEqual(start);
  });

  it.each([
    ['1', '1.0'],
    ['1.0', '1.0'],
    ['1.10', '1.10'],
  ])('has the version %s, that is %s', (version, expected) => {
    expect(decodeExiStreamStart(parseElement(`<streamStart ${NS} version='${version}'/>`)).version).toBe(expected);
  });

  it('may lack everything', () => {
    expect(decodeExiStreamStart(parseElement(`<streamStart ${NS}/>`)).namespaces.size).toBe(0);
  });

  it.each([
    [`<streamEnd ${NS}/>`, 'expected streamStart'],
    [`<streamStart ${NS} version='one'/>`, 'expected something like 1.0'],
    [`<streamStart ${NS}><xmlns prefix='a'/></streamStart>`, 'expected the attribute namespace'],
    [`<streamStart ${NS}><xmlns namespace='a'/></streamStart>`, 'expected the attribute prefix'],
    [
      `<streamStart ${NS}><xmlns prefix='a' namespace='b'/><xmlns prefix='a' namespace='c'/></streamStart>`,
      'the prefix "a" is there twice',
    ],
  ])('is not %s', (text, problem) => {
    expect(() => decodeExiStreamStart(parseElement(text))).toThrow(problem);
  });
});

it('ends with an element (example 21)', () => {
  expect(exiStreamEnd().toString()).toBe(`<streamEnd ${NS}/>`);
  expect(isExiStreamEnd(parseElement("<exi:streamEnd xmlns:exi='http://jabber.org/protocol/compress/exi'/>"))).toBe(
    true,
  );
  expect(isExiStreamEnd(parseElement("<streamEnd xmlns='urn:x'/>"))).toBe(false);
});

describe('stream compression', () => {
  it('is offered, with the port that speaks EXI only (example 1)', () => {
    const text =
      "<compression xmlns='http://jabber.org/features/compress'><method>zlib</method><method>lzw</method><method>exi</method><method>exi:54321</method></compression>";
    const methods = { methods: ['zlib', 'lzw', 'exi'], exiPort: 54321 };
    expect(decodeCompressionFeature(parseElement(text))).toEqual(methods);
    expect(encodeCompressionFeature(methods).toString()).toBe(text);
    expect(decodeCompressionFeature(parseElement(text.replace('54321', '70000'))).exiPort).toBeUndefined();
    expect(encodeCompressionFeature({ methods: ['exi'] }).elements).toHaveLength(1);
  });

  it('is asked for, granted and refused (examples 2, 18, 19)', () => {
    const request = "<compress xmlns='http://jabber.org/protocol/compress'><method>exi</method></compress>";
    expect(compressRequest('exi').toString()).toBe(request);
    expect(decodeCompressRequest(parseElement(request))).toEqual(['exi']);
    expect(compressedAnswer().toString()).toBe("<compressed xmlns='http://jabber.org/protocol/compress'/>");
    const failure = "<failure xmlns='http://jabber.org/protocol/compress'><setup-failed/></failure>";
    expect(compressionFailure('setup-failed').toString()).toBe(failure);
    expect(decodeCompressionFailure(parseElement(failure))).toBe('setup-failed');
    expect(decodeCompressionFailure(parseElement("<failure xmlns='http://jabber.org/protocol/compress'/>"))).toBe(
      'undefined-condition',
    );
  });
});
