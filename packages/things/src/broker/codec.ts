import { type Element, xml } from '@thingward/xml';
import {
  decodeResultSetPage,
  encodeResultSetPage,
  encodeResultSetRequest,
  findResultSetRequest,
  Jid,
  RESULT_SET,
  type ResultSetPage,
  type ResultSetRequest,
} from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';
import {
  dateTimeAttribute,
  decodeNode,
  expectElement,
  outgoingDateTime,
  outgoingNode,
  outgoingText,
  PayloadError,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import { decodeReaderList, encodeReaderList, type ReaderList } from '../thing/reader-list.ts';
import { parseInt32 } from '../thing/xml-schema-values.ts';
import { decodeContent, encodeContent } from './content-codec.ts';
import {
  BROKER,
  type DocumentContent,
  type DocumentEntry,
  type DocumentReference,
  type StoredDocument,
} from './document.ts';

/** What is expected to be there when something is changed: the document with this digest, or none. */
export type ExpectedDocument = string | 'none';

/** `<put/>`: creates or replaces a document. */
export interface PutDocument extends DocumentReference {
  readonly mediaType: string;
  readonly content: DocumentContent;
  /** Undefined: whatever is there. */
  readonly previous?: ExpectedDocument | undefined;
}

/** `<remove/>` */
export interface RemoveDocument extends DocumentReference {
  /** Undefined: whatever is there. */
  readonly previous?: string | undefined;
}

/** `<get/>`: asks for a document. */
export interface GetDocument extends DocumentReference {
  /** The digest of the content one has: it is not sent again. */
  readonly unless?: string | undefined;
}

/** `<list/>`: asks what documents there are about a Thing, in order of kind and name. */
export interface ListDocuments {
  readonly thing: Jid;
  readonly node?: NodeReference | undefined;
  /** Undefined: of all kinds. */
  readonly kind?: string | undefined;
  readonly part?: ResultSetRequest | undefined;
}

/** `<documents/>`: the answer. */
export interface DocumentList {
  readonly documents: readonly DocumentEntry[];
  readonly part: ResultSetPage;
}

/** `<follow/>` and `<unfollow/>`: a Thing whose documents one wants to hear of. */
export interface FollowedThing {
  readonly thing: Jid;
  readonly node?: NodeReference | undefined;
}

/** What is told to who follows a Thing: `<changed/>` with what was put, or `<removed/>`. */
export type DocumentChange =
  | { readonly kind: 'changed'; readonly document: DocumentEntry }
  | { readonly kind: 'removed'; readonly document: DocumentReference };

/** `<readers/>`: who besides the Thing itself and its owner may read what is kept about it. */
export interface BrokerReaders extends ReaderList {
  /** Bare JID: whom the Thing belongs to, for a broker that has no registry beside it. */
  readonly owner?: Jid | undefined;
}

const DIGEST = /^[0-9a-f]{64}$/;

/** @throws PayloadError for what can't be written */
export function encodePutDocument({ mediaType, content, previous, ...reference }: PutDocument): Element {
  return xml(
    'put',
    {
      xmlns: BROKER,
      ...outgoingReference(reference, 'put'),
      mediaType: outgoingText(mediaType, 'put/@mediaType'),
      previous,
    },
    encodeContent(content, 'put'),
  );
}

/** @throws PayloadError */
export function decodePutDocument(element: Element): PutDocument {
  expectElement(element, 'put', BROKER);
  const content = decodeContent(element, 'put');
  if (content === undefined)
    throw new PayloadError('unexpected-element', 'put', 'expected <text/>, <octets/> or <xml/>');
  const previous = element.attribute('previous');
  return {
    ...decodeReference(element, 'put'),
    mediaType: requiredAttribute(element, 'mediaType', 'put'),
    content,
    ...(previous === undefined ? {} : { previous: previous === 'none' ? 'none' : digestOf(previous, 'put/@previous') }),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeGetDocument({ unless, ...reference }: GetDocument): Element {
  return xml('get', { xmlns: BROKER, ...outgoingReference(reference, 'get'), unless });
}

/** @throws PayloadError */
export function decodeGetDocument(element: Element): GetDocument {
  expectElement(element, 'get', BROKER);
  const unless = element.attribute('unless');
  return {
    ...decodeReference(element, 'get'),
    ...(unless === undefined ? {} : { unless: digestOf(unless, 'get/@unless') }),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeRemoveDocument({ previous, ...reference }: RemoveDocument): Element {
  return xml('remove', { xmlns: BROKER, ...outgoingReference(reference, 'remove'), previous });
}

/** @throws PayloadError */
export function decodeRemoveDocument(element: Element): RemoveDocument {
  expectElement(element, 'remove', BROKER);
  const previous = element.attribute('previous');
  return {
    ...decodeReference(element, 'remove'),
    ...(previous === undefined ? {} : { previous: digestOf(previous, 'remove/@previous') }),
  };
}

/** @param content left out of lists, and where the other side has it @throws PayloadError for what can't be written */
export function encodeDocument(document: DocumentEntry, content?: DocumentContent): Element {
  const { mediaType, digest, version, size, at, by } = document;
  return xml(
    'document',
    {
      xmlns: BROKER,
      ...outgoingReference(document, 'document'),
      mediaType: outgoingText(mediaType, 'document/@mediaType'),
      digest,
      version,
      size,
      at: outgoingDateTime(at, 'document/@at'),
      by: by.bare.toString(),
    },
    content && encodeContent(content, 'document'),
  );
}

/** @throws PayloadError */
export function decodeDocument(element: Element): DocumentEntry & Partial<Pick<StoredDocument, 'content'>> {
  expectElement(element, 'document', BROKER);
  const content = decodeContent(element, 'document');
  const at = requiredAttribute(element, 'at', 'document');
  return {
    ...decodeReference(element, 'document'),
    mediaType: requiredAttribute(element, 'mediaType', 'document'),
    digest: digestOf(requiredAttribute(element, 'digest', 'document'), 'document/@digest'),
    version: countAttribute(element, 'version', 1),
    size: countAttribute(element, 'size', 0),
    at: valid(dateTimeAttribute(element, 'at', 'document'), 'document/@at', 'a date and time', at),
    by: bareJid(element, 'by', 'document'),
    ...(content === undefined ? {} : { content }),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeListDocuments({ thing, node, kind, part }: ListDocuments): Element {
  return xml(
    'list',
    {
      xmlns: BROKER,
      ...outgoingThing({ thing, node }, 'list'),
      kind: kind === undefined ? undefined : outgoingText(kind, 'list/@kind'),
    },
    part && encodeResultSetRequest(part),
  );
}

/** @throws PayloadError; StanzaError `bad-request` for a part that is none */
export function decodeListDocuments(element: Element): ListDocuments {
  expectElement(element, 'list', BROKER);
  const kind = element.attribute('kind');
  const part = findResultSetRequest(element);
  return { ...decodeThing(element, 'list'), ...(kind === undefined ? {} : { kind }), ...(part ? { part } : {}) };
}

/** @throws PayloadError for what can't be written */
export function encodeDocumentList({ documents, part }: DocumentList): Element {
  return xml(
    'documents',
    { xmlns: BROKER },
    documents.map((document) => encodeDocument(document)),
    encodeResultSetPage(part),
  );
}

/** @throws PayloadError; StanzaError `bad-request` for a part that is none */
export function decodeDocumentList(element: Element): DocumentList {
  expectElement(element, 'documents', BROKER);
  const part = element.child('set', RESULT_SET);
  return {
    documents: element.childrenNamed('document').map(decodeDocument),
    part: part ? decodeResultSetPage(part) : {},
  };
}

/** @throws PayloadError for what can't be written */
export function encodeFollow(followed: FollowedThing): Element {
  return xml('follow', { xmlns: BROKER, ...outgoingThing(followed, 'follow') });
}

/** @throws PayloadError */
export function decodeFollow(element: Element): FollowedThing {
  expectElement(element, 'follow', BROKER);
  return decodeThing(element, 'follow');
}

/** @throws PayloadError for what can't be written */
export function encodeUnfollow(followed: FollowedThing): Element {
  return xml('unfollow', { xmlns: BROKER, ...outgoingThing(followed, 'unfollow') });
}

/** @throws PayloadError */
export function decodeUnfollow(element: Element): FollowedThing {
  expectElement(element, 'unfollow', BROKER);
  return decodeThing(element, 'unfollow');
}

/** `<following/>`: until when changes are told, unless it is asked for again. @throws PayloadError for what can't be written */
export function encodeFollowing(until: Date): Element {
  return xml('following', { xmlns: BROKER, until: outgoingDateTime(until, 'following/@until') });
}

/** @throws PayloadError */
export function decodeFollowing(element: Element): Date {
  expectElement(element, 'following', BROKER);
  const text = requiredAttribute(element, 'until', 'following');
  return valid(dateTimeAttribute(element, 'until', 'following'), 'following/@until', 'a date and time', text);
}

/** @throws PayloadError for what can't be written */
export function encodeDocumentChange(change: DocumentChange): Element {
  if (change.kind === 'changed') return xml('changed', { xmlns: BROKER }, encodeDocument(change.document));
  return xml('removed', { xmlns: BROKER, ...outgoingReference(change.document, 'removed') });
}

/** @throws PayloadError */
export function decodeDocumentChange(element: Element): DocumentChange {
  if (element.is('removed', BROKER)) return { kind: 'removed', document: decodeReference(element, 'removed') };
  expectElement(element, 'changed', BROKER);
  const document = element.child('document');
  if (document === undefined) throw new PayloadError('unexpected-element', 'changed', 'expected <document/> in it');
  return { kind: 'changed', document: decodeDocument(document) };
}

/** @throws PayloadError for what can't be written */
export function encodeBrokerReaders({ owner, ...list }: BrokerReaders): Element {
  return encodeReaderList(BROKER, list).with({ owner: owner?.bare.toString() });
}

/** @throws PayloadError */
export function decodeBrokerReaders(element: Element): BrokerReaders {
  const list = decodeReaderList(BROKER, element);
  return element.attribute('owner') === undefined ? list : { ...list, owner: bareJid(element, 'owner', 'readers') };
}

function outgoingThing({ thing, node }: FollowedThing, path: string): Record<string, string | undefined> {
  return { thing: thing.bare.toString(), ...(node && outgoingNode(node, path)) };
}

function outgoingReference({ kind, name, ...thing }: DocumentReference, path: string) {
  return {
    ...outgoingThing(thing, path),
    kind: outgoingText(kind, `${path}/@kind`),
    name: outgoingText(name, `${path}/@name`),
  };
}

function decodeThing(element: Element, path: string): FollowedThing {
  const node = decodeNode(element, path);
  return { thing: bareJid(element, 'thing', path), ...(node ? { node } : {}) };
}

function decodeReference(element: Element, path: string): DocumentReference {
  return {
    ...decodeThing(element, path),
    kind: requiredAttribute(element, 'kind', path),
    name: requiredAttribute(element, 'name', path),
  };
}

function bareJid(element: Element, name: string, path: string): Jid {
  const text = requiredAttribute(element, name, path);
  return valid(Jid.tryParse(text), `${path}/@${name}`, 'a JID', text).bare;
}

function digestOf(text: string, path: string): string {
  return valid(DIGEST.test(text) ? text : undefined, path, 'a SHA-256 digest, 64 hexadecimal digits', text);
}

function countAttribute(element: Element, name: string, least: number): number {
  const text = requiredAttribute(element, name, 'document');
  const count = parseInt32(text.trim());
  const isRight = count !== undefined && count >= least;
  return valid(isRight ? count : undefined, `document/@${name}`, `a whole number from ${least}`, text);
}
