import { type Element, xml } from '@thingward/xml';
import { parseDateTime } from './date-time.ts';
import { StanzaError } from './stanza-error.ts';

export const HTTP_UPLOAD = 'urn:xmpp:http:upload:0';
export const UPLOAD_PURPOSES = 'urn:xmpp:http:upload:purpose:0';

/** What a file is for, which decides how long it is kept. @see XEP-0363 §5 */
export type UploadPurpose =
  | { readonly kind: 'message' | 'profile' | 'permanent' }
  | { readonly kind: 'ephemeral'; readonly expireBefore: Date };

/** Asks for a place to put a file. @see XEP-0363 §4 */
export interface UploadRequest {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly contentType?: string | undefined;
  readonly purpose: UploadPurpose;
}

/** Where a file is put, and where it is got from then. @see XEP-0363 §4 */
export interface UploadSlot {
  readonly putUrl: string;
  /** To be sent with the PUT; only these names are allowed, and their order counts. */
  readonly putHeaders?: readonly (readonly [name: 'Authorization' | 'Cookie' | 'Expires', value: string])[] | undefined;
  readonly getUrl: string;
}

export function encodeUploadRequest({ filename, size, contentType, purpose }: UploadRequest): Element {
  const expireBefore = purpose.kind === 'ephemeral' ? purpose.expireBefore.toISOString() : undefined;
  return xml(
    'request',
    { xmlns: HTTP_UPLOAD, filename, size, 'content-type': contentType },
    purpose.kind === 'message'
      ? undefined
      : xml(purpose.kind, { xmlns: UPLOAD_PURPOSES, 'expire-before': expireBefore }),
  );
}

/** @throws StanzaError `bad-request`; `feature-not-implemented` for a purpose that is not defined */
export function decodeUploadRequest(request: Element): UploadRequest {
  const filename = request.attribute('filename');
  if (!filename) throw new StanzaError('bad-request', 'a file has a name');
  const size = request.attribute('size') ?? '';
  if (!/^\d{1,15}$/.test(size) || Number(size) === 0) {
    throw new StanzaError('bad-request', 'the size of a file is a positive number of bytes');
  }
  return {
    filename,
    size: Number(size),
    contentType: request.attribute('content-type'),
    purpose: decodePurpose(request.childIn(UPLOAD_PURPOSES)),
  };
}

function decodePurpose(element: Element | undefined): UploadPurpose {
  if (!element) return { kind: 'message' };
  switch (element.name) {
    case 'message':
    case 'profile':
    case 'permanent':
      return { kind: element.name };
    case 'ephemeral': {
      const expireBefore = parseDateTime(element.attribute('expire-before'));
      if (!expireBefore) throw new StanzaError('bad-request', 'an ephemeral file says until when it is wanted');
      return { kind: 'ephemeral', expireBefore };
    }
    default:
      throw new StanzaError('feature-not-implemented', `"${element.name}" is no purpose that is known here`);
  }
}

export function encodeUploadSlot({ putUrl, putHeaders = [], getUrl }: UploadSlot): Element {
  return xml(
    'slot',
    { xmlns: HTTP_UPLOAD },
    xml(
      'put',
      { url: putUrl },
      putHeaders.map(([name, value]) => xml('header', { name }, value)),
    ),
    xml('get', { url: getUrl }),
  );
}

const ALLOWED_HEADERS = ['Authorization', 'Cookie', 'Expires'] as const;

/** Headers that are not allowed are left out, and line breaks in the others. @throws StanzaError `bad-request` @see XEP-0363 §4 */
export function decodeUploadSlot(slot: Element): UploadSlot {
  const put = slot.child('put');
  const [putUrl, getUrl] = [put?.attribute('url'), slot.child('get')?.attribute('url')];
  if (!put || putUrl === undefined || getUrl === undefined) {
    throw new StanzaError('bad-request', 'a slot has a place to put to and one to get from');
  }
  const putHeaders = put.childrenNamed('header').flatMap((header) => {
    const given = header
      .attribute('name')
      ?.replace(/[\r\n]/g, '')
      .toLowerCase();
    const name = ALLOWED_HEADERS.find((allowed) => allowed.toLowerCase() === given);
    return name ? [[name, header.text.replace(/[\r\n]/g, '')] as const] : [];
  });
  return { putUrl, putHeaders, getUrl };
}

/** The error for a file that is too big. @see XEP-0363 §6 */
export function fileTooLargeError(maxFileBytes: number): StanzaError {
  return new StanzaError('not-acceptable', `a file has at most ${maxFileBytes} bytes`, {
    application: xml('file-too-large', { xmlns: HTTP_UPLOAD }, xml('max-file-size', {}, String(maxFileBytes))),
  });
}

/** The error for a quota that is used up until some time. @see XEP-0363 §6 */
export function uploadRetryError(text: string, at: Date): StanzaError {
  return new StanzaError('resource-constraint', text, {
    application: xml('retry', { xmlns: HTTP_UPLOAD, stamp: at.toISOString() }),
  });
}
