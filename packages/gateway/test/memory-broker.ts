import {
  BROKER,
  contentDigest,
  contentOctets,
  type DocumentReference,
  decodeFollow,
  decodeGetDocument,
  decodeListDocuments,
  decodePutDocument,
  decodeRemoveDocument,
  encodeDocument,
  encodeDocumentChange,
  encodeDocumentList,
  encodeFollowing,
  nodeKey,
  type StoredDocument,
} from '@thingward/things';
import { type Jid, message, StanzaError } from '@thingward/xmpp';
import type { MemoryPeer } from './memory-network.ts';

/** A broker in memory, which lets everybody in: what the wire has, without the rules of the service. */
export class MemoryBroker {
  readonly documents = new Map<string, StoredDocument>();
  /** What was done, as `put kind/name`. */
  readonly acts: string[] = [];
  /** Thrown at the next request. */
  failure: StanzaError | undefined;
  readonly #followers = new Map<string, Jid>();
  readonly #peer: MemoryPeer;

  constructor(peer: MemoryPeer) {
    this.#peer = peer;
    const on = (type: 'get' | 'set', name: string, answer: Parameters<MemoryPeer['onIq']>[2]) =>
      peer.onIq(type, { name, namespace: BROKER }, (request) => {
        const { failure } = this;
        this.failure = undefined;
        if (failure) throw failure;
        return answer(request);
      });
    on('set', 'put', async ({ payload, from }) => {
      const { previous: _, ...put } = decodePutDocument(payload);
      this.acts.push(`put ${put.node?.nodeId ?? ''} ${put.name}`.replace('  ', ' '));
      return encodeDocument(await this.put(put, from.bare));
    });
    on('set', 'remove', async ({ payload }) => {
      const removed = decodeRemoveDocument(payload);
      this.acts.push(`remove ${removed.node?.nodeId ?? ''} ${removed.name}`.replace('  ', ' '));
      this.documents.delete(keyOf(removed));
      return undefined;
    });
    on('get', 'get', ({ payload }) => {
      const question = decodeGetDocument(payload);
      const found = this.documents.get(keyOf(question));
      if (!found) throw new StanzaError('item-not-found');
      return encodeDocument(found, question.unless === found.digest ? undefined : found.content);
    });
    on('get', 'list', ({ payload }) => {
      const { thing, node, kind } = decodeListDocuments(payload);
      const documents = [...this.documents.values()].filter(
        (entry) => entry.thing.equals(thing) && nodeKey(entry.node) === nodeKey(node) && entry.kind === kind,
      );
      return encodeDocumentList({ documents, part: { count: documents.length, last: documents.at(-1)?.name } });
    });
    on('set', 'follow', ({ payload, from }) => {
      decodeFollow(payload);
      this.#followers.set(from.toString(), from);
      return encodeFollowing(new Date(Date.now() + 3_600_000));
    });
    on('set', 'unfollow', ({ from }) => {
      this.#followers.delete(from.toString());
      return undefined;
    });
  }

  /** Somebody puts a document; who follows is told. */
  async put(put: Pick<StoredDocument, 'content' | 'mediaType'> & DocumentReference, by: Jid): Promise<StoredDocument> {
    const document: StoredDocument = {
      ...put,
      digest: await contentDigest(put.content),
      version: (this.documents.get(keyOf(put))?.version ?? 0) + 1,
      size: contentOctets(put.content).length,
      at: new Date(),
      by,
    };
    this.documents.set(keyOf(put), document);
    this.#tell(encodeDocumentChange({ kind: 'changed', document }));
    return document;
  }

  #tell(change: ReturnType<typeof encodeDocumentChange>): void {
    for (const to of this.#followers.values()) this.#peer.send(message('headline', { to }, change));
  }
}

function keyOf({ thing, node, kind, name }: DocumentReference): string {
  return JSON.stringify([thing.toString(), nodeKey(node), kind, name]);
}
