import { type Element, xml } from '@thingward/xml';
import {
  badFormat,
  EXI_COMPRESSION,
  expectElement,
  optionalBoolean,
  optionalPositiveInteger,
  required,
  requiredText,
} from './values.ts';

/** Why a schema could not be downloaded. @see XEP-0322 §2.2.5 */
export type DownloadFailure =
  | { readonly kind: 'httpError'; readonly code: number; readonly message: string }
  | { readonly kind: 'invalidUrl' | 'timeout' | 'error'; readonly message: string }
  | { readonly kind: 'invalidContentType'; readonly contentTypeReturned: string };

/** @see XEP-0322 §2.2.5 */
export interface SchemaDownloadResponse {
  readonly url: string;
  readonly isDownloaded: boolean;
  /** The other side may leave the reason out. */
  readonly failure?: DownloadFailure | undefined;
}

/** Asks the other side to get a schema from an address. @see XEP-0322 §2.2.5 */
export function encodeSchemaDownload(url: string): Element {
  return xml('downloadSchema', { xmlns: EXI_COMPRESSION, url });
}

/** @returns the address. @throws StreamError `bad-format` */
export function decodeSchemaDownload(element: Element): string {
  expectElement(element, 'downloadSchema');
  return requiredText(element, 'url');
}

export function encodeSchemaDownloadResponse({ url, isDownloaded, failure }: SchemaDownloadResponse): Element {
  const attributes = { xmlns: EXI_COMPRESSION, url, result: isDownloaded };
  if (!failure) return xml('downloadSchemaResponse', attributes);
  const { kind, ...details } = failure;
  return xml('downloadSchemaResponse', attributes, xml(kind, details));
}

/** @throws StreamError `bad-format` */
export function decodeSchemaDownloadResponse(element: Element): SchemaDownloadResponse {
  expectElement(element, 'downloadSchemaResponse');
  const isDownloaded = required(element, 'result', optionalBoolean(element, 'result'));
  const child = element.childIn(EXI_COMPRESSION);
  if (isDownloaded && child) throw badFormat(element, `it was downloaded, but there is ${child.name}`);
  return { url: requiredText(element, 'url'), isDownloaded, failure: child && decodeFailure(child) };
}

function decodeFailure(element: Element): DownloadFailure {
  const kind = element.name;
  switch (kind) {
    case 'httpError': {
      const code = required(element, 'code', optionalPositiveInteger(element, 'code'));
      return { kind, code, message: requiredText(element, 'message') };
    }
    case 'invalidUrl':
    case 'timeout':
    case 'error':
      return { kind, message: requiredText(element, 'message') };
    case 'invalidContentType':
      return { kind, contentTypeReturned: requiredText(element, 'contentTypeReturned') };
    default:
      throw badFormat(element, 'expected httpError, invalidUrl, timeout, invalidContentType or error');
  }
}
