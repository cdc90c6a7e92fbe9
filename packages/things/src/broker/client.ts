import type { Element } from '@thingward/xml';
import type { Jid, RequestOptions, XmppPeer } from '@thingward/xmpp';
import { PayloadError } from '../thing/payload.ts';
import {
  type BrokerReaders,
  type DocumentList,
  decodeDocument,
  decodeDocumentList,
  encodeBrokerReaders,
  encodeGetDocument,
  encodeListDocuments,
  encodePutDocument,
  encodeRemoveDocument,
  type GetDocument,
  type ListDocuments,
  type PutDocument,
  type RemoveDocument,
} from './codec.ts';
import { contentDigest, type DocumentEntry, type DocumentReference, type StoredDocument } from './document.ts';

/** Documents that are asked for at once. */
const PAGE = 50;

/**
 * Creates or replaces a document. A content that is there already changes nothing.
 * @returns what is there now
 * @throws StanzaError conflict when another document is there than `previous` says; forbidden; not-acceptable for what is none of its
 * kind, with the reason; policy-violation for what is too large; resource-constraint (type wait) when it is too much for now; PeerError;
 * PayloadError
 */
export async function putDocument(
  peer: XmppPeer,
  broker: Jid,
  document: PutDocument,
  options?: RequestOptions,
): Promise<DocumentEntry> {
  return decodeDocument(answered(await peer.request('set', broker, encodePutDocument(document), options)));
}

/**
 * A document whole, with its digest verified.
 * @throws StanzaError item-not-found when there is none, or it is not for the peer to know; PeerError; PayloadError for an answer that can't
 * be understood, or whose content is not what its digest says
 */
export async function getDocument(
  peer: XmppPeer,
  broker: Jid,
  reference: DocumentReference,
  options?: RequestOptions,
): Promise<StoredDocument> {
  const document = await getChangedDocument(peer, broker, reference, options);
  if (document) return document;
  throw new PayloadError('unexpected-element', 'document', 'the answer has no content');
}

/** As `getDocument`; undefined when the content is the one with the digest `unless`. */
export async function getChangedDocument(
  peer: XmppPeer,
  broker: Jid,
  question: GetDocument,
  options?: RequestOptions,
): Promise<StoredDocument | undefined> {
  const document = decodeDocument(answered(await peer.request('get', broker, encodeGetDocument(question), options)));
  const { content, digest } = document;
  if (content === undefined) {
    if (digest === question.unless) return undefined;
    throw new PayloadError('unexpected-element', 'document', 'the answer has no content');
  }
  const actual = await contentDigest(content);
  if (actual !== digest) {
    throw new PayloadError('invalid-value', 'document/@digest', `the content has the digest ${actual}, not ${digest}`);
  }
  return { ...document, content };
}

/** One page of what there is about a Thing. Who may not know gets an empty one. @throws StanzaError, PeerError, PayloadError */
export async function listDocuments(
  peer: XmppPeer,
  broker: Jid,
  question: ListDocuments,
  options?: RequestOptions,
): Promise<DocumentList> {
  return decodeDocumentList(answered(await peer.request('get', broker, encodeListDocuments(question), options)));
}

/** All there is about a Thing, page by page. @throws StanzaError, PeerError, PayloadError also for pages that go in circles */
export async function allDocuments(
  peer: XmppPeer,
  broker: Jid,
  question: Omit<ListDocuments, 'part'>,
  options?: RequestOptions,
): Promise<readonly DocumentEntry[]> {
  const found: DocumentEntry[] = [];
  for (let after: string | undefined; ; ) {
    const { documents, part } = await listDocuments(peer, broker, { ...question, part: { max: PAGE, after } }, options);
    found.push(...documents);
    if (documents.length === 0 || part.last === undefined || found.length >= (part.count ?? 0)) return found;
    if (part.last === after) throw new PayloadError('invalid-value', 'documents', 'the same page comes next');
    after = part.last;
  }
}

/** @throws StanzaError item-not-found when there is none; conflict when it is not the one `previous` says; forbidden; PeerError */
export async function removeDocument(
  peer: XmppPeer,
  broker: Jid,
  document: RemoveDocument,
  options?: RequestOptions,
): Promise<void> {
  await peer.request('set', broker, encodeRemoveDocument(document), options);
}

/**
 * Says who besides the Thing itself and its owner may read what is kept about one of the peer's Things; replaces the whole list.
 * @throws StanzaError, PeerError
 */
export async function setBrokerReaders(
  peer: XmppPeer,
  broker: Jid,
  readers: BrokerReaders,
  options?: RequestOptions,
): Promise<void> {
  await peer.request('set', broker, encodeBrokerReaders(readers), options);
}

function answered(answer: Element | undefined): Element {
  if (answer === undefined) throw new PayloadError('unexpected-element', 'document', 'the answer is empty');
  return answer;
}
