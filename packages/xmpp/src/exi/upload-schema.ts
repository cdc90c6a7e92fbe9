import { type Element, xml } from '@thingward/xml';
import { decodeBase64, encodeBase64 } from '../sasl/base64.ts';
import { StreamError } from '../stream-error.ts';
import {
  badFormat,
  EXI_COMPRESSION,
  expectElement,
  optionalChoice,
  optionalHash,
  optionalPositiveInteger,
  required,
} from './values.ts';

/**
 * A schema sent to the other side: its very bytes, or coded in EXI. What is coded does not keep the bytes, so that their length and hash
 * come with it.
 * @see XEP-0322 §2.2.3, §2.2.4
 */
export type SchemaUpload =
  | { readonly contentType: 'Text'; readonly contents: Uint8Array }
  | {
      /** The body alone, or with its header. */
      readonly contentType: 'ExiBody' | 'ExiDocument';
      readonly contents: Uint8Array;
      /** Of the schema as it was before. */
      readonly bytes: number;
      readonly md5Hash: string;
    };

/** How uploads are coded in EXI, beside the schema for schemas. @see XEP-0322 §2.2.4 */
export const UPLOAD_OPTIONS = { alignment: 'bit-packed', strict: false, preserve: { prefixes: true } } as const;

export function encodeSchemaUpload(upload: SchemaUpload): Element {
  const identity =
    upload.contentType === 'Text'
      ? {}
      : { contentType: upload.contentType, bytes: upload.bytes, md5Hash: upload.md5Hash };
  return xml('uploadSchema', { xmlns: EXI_COMPRESSION, ...identity }, encodeBase64(upload.contents));
}

/**
 * @param maxBytes how long the contents may be
 * @throws StreamError `bad-format`; `policy-violation` when they are longer
 */
export function decodeSchemaUpload(element: Element, maxBytes: number): SchemaUpload {
  expectElement(element, 'uploadSchema');
  const contentType = optionalChoice(element, 'contentType', ['Text', 'ExiBody', 'ExiDocument']) ?? 'Text';
  const text = element.text.replace(/[ \t\r\n]+/g, '');
  if ((text.length / 4) * 3 > maxBytes + 2) {
    throw new StreamError('policy-violation', `an uploaded schema has at most ${maxBytes} bytes`);
  }
  const contents = decodeBase64(text);
  if (!contents) throw badFormat(element, 'expected Base64');
  if (contents.length > maxBytes) {
    throw new StreamError('policy-violation', `an uploaded schema has at most ${maxBytes} bytes`);
  }
  if (contentType === 'Text') return { contentType, contents };
  return {
    contentType,
    contents,
    bytes: required(element, 'bytes', optionalPositiveInteger(element, 'bytes')),
    md5Hash: required(element, 'md5Hash', optionalHash(element, 'md5Hash')),
  };
}
