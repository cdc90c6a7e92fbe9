import { parseElement, xml } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import {
  decodeUploadRequest,
  decodeUploadSlot,
  encodeUploadRequest,
  encodeUploadSlot,
  fileTooLargeError,
  HTTP_UPLOAD,
  UPLOAD_PURPOSES,
  uploadRetryError,
} from './http-upload.ts';

const request = (attributes: string, content = '') =>
  decodeUploadRequest(parseElement(`<request xmlns='${HTTP_UPLOAD}' ${attributes}>${content}</request>`));
const purpose = (text: string) => request(`filename='a' size='1'`, text).purpose;

describe('XEP-0363 HTTP File Upload', () => {
  it('asks for a slot (§4)', () => {
    const wanted = request(`filename='très cool.jpg' size='23456' content-type='image/jpeg'`);
    expect(wanted).toEqual({
      filename: 'très cool.jpg',
      size: 23456,
      contentType: 'image/jpeg',
      purpose: { kind: 'message' },
    });
    expect(encodeUploadRequest(wanted).toString()).toBe(
      `<request xmlns='${HTTP_UPLOAD}' filename='très cool.jpg' size='23456' content-type='image/jpeg'/>`,
    );
  });

  it('says what for (§5)', () => {
    expect(purpose(`<message xmlns='${UPLOAD_PURPOSES}'/>`)).toEqual({ kind: 'message' });
    expect(purpose(`<permanent xmlns='${UPLOAD_PURPOSES}'/>`)).toEqual({ kind: 'permanent' });
    const ephemeral = purpose(`<ephemeral xmlns='${UPLOAD_PURPOSES}' expire-before='2025-09-10T23:08:25Z'/>`);
    expect(ephemeral).toEqual({ kind: 'ephemeral', expireBefore: new Date('2025-09-10T23:08:25Z') });
    for (const one of [ephemeral, { kind: 'profile' } as const]) {
      const encoded = encodeUploadRequest({ filename: 'a', size: 1, purpose: one });
      expect(decodeUploadRequest(encoded).purpose).toEqual(one);
    }
  });

  it.each([
    [`size='1'`, ''],
    [`filename='' size='1'`, ''],
    [`filename='a'`, ''],
    [`filename='a' size='0'`, ''],
    [`filename='a' size='-1'`, ''],
    [`filename='a' size='1.5'`, ''],
    [`filename='a' size='9999999999999999'`, ''],
    [`filename='a' size='1'`, `<ephemeral xmlns='${UPLOAD_PURPOSES}'/>`],
    [`filename='a' size='1'`, `<ephemeral xmlns='${UPLOAD_PURPOSES}' expire-before='soon'/>`],
  ])('refuses %s %s', (attributes, content) => {
    expect(() => request(attributes, content)).toThrow(expect.objectContaining({ condition: 'bad-request' }));
  });

  it('refuses a purpose it does not know', () => {
    expect(() => purpose(`<fun xmlns='${UPLOAD_PURPOSES}'/>`)).toThrow(
      expect.objectContaining({ condition: 'feature-not-implemented' }),
    );
  });

  it('gives a slot, of whose headers only some may be used (§4)', () => {
    const slot = decodeUploadSlot(
      parseElement(
        `<slot xmlns='${HTTP_UPLOAD}'><put url='https://a/1'><header name='authorization'>Basic Base64String==</header><header name='Host'>evil</header><header name='Cookie'>foo=bar;&#10; user=romeo</header></put><get url='https://b/1'/></slot>`,
      ),
    );
    expect(slot).toEqual({
      putUrl: 'https://a/1',
      putHeaders: [
        ['Authorization', 'Basic Base64String=='],
        ['Cookie', 'foo=bar; user=romeo'],
      ],
      getUrl: 'https://b/1',
    });
    expect(decodeUploadSlot(encodeUploadSlot(slot))).toEqual(slot);
    expect(() => decodeUploadSlot(xml('slot', { xmlns: HTTP_UPLOAD }))).toThrow('a slot has');
  });

  it('says what is wrong (§6)', () => {
    expect(fileTooLargeError(20000)).toMatchObject({ condition: 'not-acceptable', type: 'modify' });
    expect(fileTooLargeError(20000).application?.toString()).toBe(
      `<file-too-large xmlns='${HTTP_UPLOAD}'><max-file-size>20000</max-file-size></file-too-large>`,
    );
    const retry = uploadRetryError('later', new Date('2017-12-03T23:42:05Z'));
    expect(retry).toMatchObject({ condition: 'resource-constraint', type: 'wait', text: 'later' });
    expect(retry.application?.toString()).toBe(`<retry xmlns='${HTTP_UPLOAD}' stamp='2017-12-03T23:42:05.000Z'/>`);
  });
});
