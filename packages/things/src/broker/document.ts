import { type Element, encodeUtf8, xml } from '@thingward/xml';
import type { Jid } from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';

/** Namespace of the service broker's payloads; also the feature it has. Its schema is beside this file. */
export const BROKER = 'urn:thingward:broker:1';

/**
 * Kinds of documents that have a meaning here. Others are named by whoever uses them.
 *
 * - `register-map`: which registers of a Modbus unit are which fields and parameters
 * - `point-list`: the same for the points of a DNP3 outstation
 * - `teds`: a Transducer Electronic Data Sheet of IEEE 1451.0
 * - `interface`: a description of what the Thing can do, for people or programs
 */
export const DOCUMENT_KINDS = ['register-map', 'point-list', 'teds', 'interface'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number] | (string & {});

/** Which document is meant: unique as a whole. */
export interface DocumentReference {
  /** Bare JID of the Thing it is about. */
  readonly thing: Jid;
  readonly node?: NodeReference | undefined;
  readonly kind: DocumentKind;
  readonly name: string;
}

/** What a document holds: text, octets, or one XML element. */
export type DocumentContent =
  | { readonly form: 'text'; readonly text: string }
  | { readonly form: 'octets'; readonly octets: Uint8Array }
  | { readonly form: 'xml'; readonly element: Element };

/** What there is to know of a document without its content. */
export interface DocumentEntry extends DocumentReference {
  /** Such as `text/csv`. */
  readonly mediaType: string;
  /** SHA-256 of `contentOctets`, 64 lowercase hexadecimal digits. */
  readonly digest: string;
  /** From 1, one more with each change. A document that was removed begins anew. */
  readonly version: number;
  /** Of `contentOctets`. */
  readonly size: number;
  /** When it was put. */
  readonly at: Date;
  /** Who put it: bare JID, as the server vouches for it. */
  readonly by: Jid;
}

/** A document whole. */
export interface StoredDocument extends DocumentEntry {
  readonly content: DocumentContent;
}

/** The octets a content's size and digest are of: of text in UTF-8; of XML, its text with attributes in order of their names. */
export function contentOctets(content: DocumentContent): Uint8Array {
  if (content.form === 'octets') return content.octets;
  return encodeUtf8(content.form === 'text' ? content.text : orderedXml(content.element));
}

/** The text of an element that is the same whatever way it came: EXI puts attributes in an order of its own. */
export function orderedXml(element: Element): string {
  return ordered(element).toString();
}

function ordered({ name, namespace, attributes, children }: Element): Element {
  const names = Object.keys(attributes).sort();
  return xml(
    name,
    { ...Object.fromEntries(names.map((key) => [key, attributes[key]])), xmlns: namespace },
    children.map((child) => (typeof child === 'string' ? child : ordered(child))),
  );
}

/** SHA-256 of a content, 64 lowercase hexadecimal digits. */
export async function contentDigest(content: DocumentContent): Promise<string> {
  const hash = await globalThis.crypto.subtle.digest('SHA-256', new Uint8Array(contentOctets(content)));
  return [...new Uint8Array(hash)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}
