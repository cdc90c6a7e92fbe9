import { encodeUtf8, parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../stream-error.ts';
import {
  decodeSchemaDownload,
  decodeSchemaDownloadResponse,
  encodeSchemaDownload,
  encodeSchemaDownloadResponse,
  type SchemaDownloadResponse,
} from './download-schema.ts';
import { decodeSchemaUpload, encodeSchemaUpload, type SchemaUpload } from './upload-schema.ts';

const NS = "xmlns='http://jabber.org/protocol/compress/exi'";
const URL = 'http://schemavault.example.org/compress/sn/provisioning.xsd';
const HASH = '3ed5360bc17eadb2a8949498c9af3f0c';

describe('uploading a schema', () => {
  it('takes Base64 with line breaks (XEP-0322, example 5)', () => {
    const text = `<uploadSchema ${NS} contentType='Text'>
    PD94bWwgdmVyc2lvbj0nMS4w
    JyBlbmNvZGluZz0nVVRGLTgnPz4=
</uploadSchema>`;
    const upload = decodeSchemaUpload(parseElement(text), 100);
    expect(upload).toEqual({ contentType: 'Text', contents: encodeUtf8("<?xml version='1.0' encoding='UTF-8'?>") });
    expect(encodeSchemaUpload(upload).toString()).toBe(
      `<uploadSchema ${NS}>PD94bWwgdmVyc2lvbj0nMS4wJyBlbmNvZGluZz0nVVRGLTgnPz4=</uploadSchema>`,
    );
  });

  it('brings back any bytes', () => {
    const contents = fc.uint8Array({ maxLength: 300 });
    const coded = fc.record({
      contentType: fc.constantFrom('ExiBody' as const, 'ExiDocument' as const),
      contents,
      bytes: fc.integer({ min: 1, max: 2 ** 40 }),
      md5Hash: fc.constant(HASH),
    });
    const upload: fc.Arbitrary<SchemaUpload> = fc.oneof(
      coded,
      contents.map((bytes) => ({ contentType: 'Text' as const, contents: bytes })),
    );
    fc.assert(
      fc.property(upload, (value) => {
        const decoded = decodeSchemaUpload(parseElement(encodeSchemaUpload(value).toString()), 300);
        expect({ ...decoded, contents: [...decoded.contents] }).toEqual({ ...value, contents: [...value.contents] });
      }),
    );
  });

  it.each([
    [`<uploadSchema ${NS}>a</uploadSchema>`, 'bad-format', 'expected Base64'],
    [`<uploadSchema ${NS} contentType='Zip'/>`, 'bad-format', 'expected Text, ExiBody, ExiDocument'],
    [`<uploadSchema ${NS} contentType='ExiBody' md5Hash='${HASH}'/>`, 'bad-format', 'expected the attribute bytes'],
    [`<uploadSchema ${NS} contentType='ExiBody' bytes='9'/>`, 'bad-format', 'expected the attribute md5Hash'],
    [`<uploadSchema ${NS}>AAAAAAAA</uploadSchema>`, 'policy-violation', 'at most 4 bytes'],
    [`<uploadSchema ${NS}>${'A'.repeat(4000)}</uploadSchema>`, 'policy-violation', 'at most 4 bytes'],
  ])('is refused: %s', (text, condition, problem) => {
    let caught: unknown;
    try {
      decodeSchemaUpload(parseElement(text), 4);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(StreamError);
    expect(caught).toMatchObject({ condition, message: expect.stringContaining(problem) });
  });

  it('takes what is just as long as allowed', () => {
    expect(decodeSchemaUpload(parseElement(`<uploadSchema ${NS}>AAAAAA==</uploadSchema>`), 4).contents).toHaveLength(4);
  });
});

describe('having a schema downloaded', () => {
  it('names an address (example 8)', () => {
    const text = `<downloadSchema ${NS} url='${URL}'/>`;
    expect(decodeSchemaDownload(parseElement(text))).toBe(URL);
    expect(encodeSchemaDownload(URL).toString()).toBe(text);
    expect(() => decodeSchemaDownload(parseElement(`<downloadSchema ${NS}/>`))).toThrow('expected the attribute url');
  });

  it.each<[what: string, text: string, response: SchemaDownloadResponse]>([
    ['example 9', `<downloadSchemaResponse ${NS} url='${URL}' result='true'/>`, { url: URL, isDownloaded: true }],
    [
      'example 10',
      `<downloadSchemaResponse ${NS} url='${URL}' result='false'><httpError code='404' message='NotFound'/></downloadSchemaResponse>`,
      { url: URL, isDownloaded: false, failure: { kind: 'httpError', code: 404, message: 'NotFound' } },
    ],
    [
      'example 11',
      `<downloadSchemaResponse ${NS} url='urk://example.org/schema.xsd' result='false'><invalidUrl message='Unrecognized schema.'/></downloadSchemaResponse>`,
      {
        url: 'urk://example.org/schema.xsd',
        isDownloaded: false,
        failure: { kind: 'invalidUrl', message: 'Unrecognized schema.' },
      },
    ],
    [
      'example 12',
      `<downloadSchemaResponse ${NS} url='${URL}' result='false'><timeout message='No response returned.'/></downloadSchemaResponse>`,
      { url: URL, isDownloaded: false, failure: { kind: 'timeout', message: 'No response returned.' } },
    ],
    [
      'example 13',
      `<downloadSchemaResponse ${NS} url='${URL}' result='false'><invalidContentType contentTypeReturned='text/html'/></downloadSchemaResponse>`,
      { url: URL, isDownloaded: false, failure: { kind: 'invalidContentType', contentTypeReturned: 'text/html' } },
    ],
    [
      'example 14',
      `<downloadSchemaResponse ${NS} url='${URL}' result='false'><error message='No free space left.'/></downloadSchemaResponse>`,
      { url: URL, isDownloaded: false, failure: { kind: 'error', message: 'No free space left.' } },
    ],
    [
      'no reason',
      `<downloadSchemaResponse ${NS} url='${URL}' result='false'/>`,
      { url: URL, isDownloaded: false, failure: undefined },
    ],
  ])('is answered: %s', (_, text, response) => {
    expect(decodeSchemaDownloadResponse(parseElement(text))).toEqual(response);
    expect(encodeSchemaDownloadResponse(response).toString()).toBe(text);
  });

  it.each([
    [`<downloadSchemaResponse ${NS} url='u'/>`, 'expected the attribute result'],
    [`<downloadSchemaResponse ${NS} result='true'/>`, 'expected the attribute url'],
    [
      `<downloadSchemaResponse ${NS} url='u' result='true'><timeout message='m'/></downloadSchemaResponse>`,
      'but there is timeout',
    ],
    [
      `<downloadSchemaResponse ${NS} url='u' result='false'><httpError message='m'/></downloadSchemaResponse>`,
      'expected the attribute code',
    ],
    [
      `<downloadSchemaResponse ${NS} url='u' result='false'><timeout/></downloadSchemaResponse>`,
      'expected the attribute message',
    ],
    [
      `<downloadSchemaResponse ${NS} url='u' result='false'><whim message='m'/></downloadSchemaResponse>`,
      'expected httpError, invalidUrl',
    ],
  ])('has no answer such as %s', (text, problem) => {
    expect(() => decodeSchemaDownloadResponse(parseElement(text))).toThrow(problem);
  });
});
