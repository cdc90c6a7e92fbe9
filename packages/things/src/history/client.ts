import type { Jid, RequestOptions, XmppPeer } from '@thingward/xmpp';
import type { Field } from '../sensor-data/field.ts';
import type { NodeReference } from '../thing/node.ts';
import { PayloadError } from '../thing/payload.ts';
import {
  decodeHistoryAnswer,
  encodeHistoryQuery,
  encodeReaders,
  encodeStore,
  type HistoryAnswer,
  type HistoryQuery,
} from './codec.ts';
import type { HistorySelection, HistorySource } from './source.ts';
import {
  decodeStoredFieldsPage,
  encodeStoredFieldsQuery,
  type StoredFieldsPage,
  type StoredFieldsQuery,
} from './stored-codec.ts';

/**
 * Stores fields of the Things that the peer speaks for. When it returns, they are on disk; when it throws, they may be or not, and
 * storing them again does no harm: a field is known by Thing, node, name and timestamp, and what was stored first stays.
 * @throws StanzaError policy-violation when there are too many fields or too large ones; resource-constraint when the Thing has too
 * many different ones; PeerError; PayloadError for a field that can't be written
 */
export async function storeFields(
  peer: XmppPeer,
  history: Jid,
  fields: readonly Field[],
  options?: RequestOptions,
): Promise<void> {
  await peer.request('set', history, encodeStore(fields), options);
}

/**
 * Says who besides the Thing itself may query the history of one of the peer's Things; replaces the whole list.
 * @throws StanzaError, PeerError
 */
export async function setReaders(
  peer: XmppPeer,
  history: Jid,
  node: NodeReference | undefined,
  readers: readonly Jid[],
  options?: RequestOptions,
): Promise<void> {
  await peer.request('set', history, encodeReaders({ node, readers }), options);
}

/**
 * Asks for the stored values of a Thing.
 * @throws StanzaError forbidden when the peer may not know, or there is nothing to know; not-acceptable when the answer would be too
 * large; PeerError; PayloadError for an answer that can't be understood
 */
export async function queryHistory(
  peer: XmppPeer,
  history: Jid,
  query: Omit<HistoryQuery, 'names'> & { readonly names?: readonly string[] },
  options?: RequestOptions,
): Promise<HistoryAnswer> {
  const answer = await peer.request(
    'get',
    history,
    encodeHistoryQuery({ ...query, names: query.names ?? [] }),
    options,
  );
  if (answer === undefined) throw new PayloadError('unexpected-element', 'history', 'the answer is empty');
  return decodeHistoryAnswer(answer);
}

/**
 * Reads what a Thing has stored, value by value, a page at a time: one field after the other, each in order of time. While a page is
 * dealt with the next one is under way, and no more, so that years fit in little memory.
 * @throws StanzaError forbidden when the peer may not know, or there is nothing to know; PeerError; PayloadError for an answer that
 * can't be understood, or that goes in circles; the signal's reason
 */
export async function* readStoredFields(
  peer: XmppPeer,
  history: Jid,
  query: Omit<StoredFieldsQuery, 'after'>,
  options?: RequestOptions,
): AsyncGenerator<readonly Field[], void, undefined> {
  const ask = async (after: string | undefined): Promise<StoredFieldsPage> => {
    const answer = await peer.request('get', history, encodeStoredFieldsQuery({ ...query, after }), options);
    if (answer === undefined) throw new PayloadError('unexpected-element', 'page', 'the answer is empty');
    const page = decodeStoredFieldsPage(answer);
    if (page.next === undefined || page.next !== after) return page;
    throw new PayloadError('invalid-value', 'page/@next', 'the same page comes next');
  };
  let coming: Promise<StoredFieldsPage> | undefined = ask(undefined);
  while (coming) {
    const { fields, next }: StoredFieldsPage = await coming;
    coming = next === undefined ? undefined : ask(next);
    // Whoever leaves the loop does not hear of it any more.
    coming?.catch(() => undefined);
    if (fields.length > 0) yield fields;
  }
}

/** The history service as the past of Things behind the peer's JID. */
export function storedHistory(peer: XmppPeer, history: Jid, options?: RequestOptions): HistorySource {
  return {
    read: (selection: HistorySelection, signal: AbortSignal) =>
      readStoredFields(peer, history, { ...selection, thing: peer.jid.bare }, { ...options, signal }),
  };
}
