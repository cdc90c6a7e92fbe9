import {
  type ArchiveFilter,
  type ArchiveMetadata,
  type Jid,
  type ResultSetRequest,
  StanzaError,
} from '@thingward/xmpp';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { ArchiveIds } from './archive-ids.ts';
import type { ArchiveSchema } from './archive-tables.ts';

/** Most messages, and about the most characters, of a page. */
export const MAX_PAGE = 100;
const MAX_PAGE_SIZE = 1024 * 1024;
/** UIDs that one query may name. */
const MAX_IDS = 500;
/** Up to here results are counted; when there are more, their number is not told. */
const MAX_COUNT = 10_000;

/** A message out of an archive. */
export interface StoredMessage {
  readonly id: string;
  readonly receivedAt: Date;
  /** XML in the default namespace `jabber:client`. */
  readonly text: string;
}

export interface ArchivePage {
  /** Oldest first. */
  readonly messages: readonly StoredMessage[];
  /** Is there nothing beyond it, in the direction of paging? */
  readonly isComplete: boolean;
  /** Messages that match, and the place of the first one of this page among them; undefined when there are too many to count. */
  readonly count: number | undefined;
  readonly index: number | undefined;
}

type Selection = SelectQueryBuilder<ArchiveSchema, 'archive_message', object>;

/** Reads archives. @see XEP-0313 §4 */
export class ArchiveReader {
  readonly #database: Kysely<ArchiveSchema>;

  constructor(database: Kysely<ArchiveSchema>) {
    this.#database = database;
  }

  /**
   * A page of what matches.
   * @param own address of the account
   * @throws StanzaError `item-not-found` for a UID that is not there, `bad-request`
   */
  async page(own: Jid, filter: ArchiveFilter, request: ResultSetRequest = {}): Promise<ArchivePage> {
    const localpart = own.local as string;
    const after = request.after || undefined;
    const { before } = request;
    if (after !== undefined && before !== undefined) {
      throw new StanzaError('bad-request', 'for what is between two messages, use before-id and after-id');
    }
    await this.#demand(localpart, [filter.afterId, filter.beforeId, ...(filter.ids ?? []), after, before]);
    const matching = this.#matching(own, filter);
    const max = Math.min(request.max ?? MAX_PAGE, MAX_PAGE);
    const isBackwards = before !== undefined;
    const place = isBackwards || after !== undefined ? undefined : request.index;
    let selection = matching;
    if (after !== undefined) selection = selection.where('id', '>', after);
    if (before) selection = selection.where('id', '<', before);
    if (place !== undefined) selection = selection.offset(place);
    const rows = await selection
      .select(['sequence', 'id', 'size'])
      .orderBy('id', isBackwards ? 'desc' : 'asc')
      .limit(max + 1)
      .execute();
    const chosen = rows.slice(0, fitting(rows.slice(0, max)));
    const messages = await this.#texts(chosen.map(({ sequence }) => sequence));
    const isComplete = chosen.length === rows.length;
    if (isComplete && after === undefined && !before && place === undefined) {
      return { messages, isComplete, count: messages.length, index: messages.length > 0 ? 0 : undefined };
    }
    const count = await this.#count(matching);
    const first = messages[0]?.id;
    if (place !== undefined || first === undefined || count === undefined) {
      return { messages, isComplete, count, index: place };
    }
    return { messages, isComplete, count, index: await this.#count(matching.where('id', '<', first)) };
  }

  /** @see XEP-0313 §5 */
  async metadata(own: Jid): Promise<ArchiveMetadata> {
    const [start, end] = [await this.#end(own, 'asc'), await this.#end(own, 'desc')];
    return start && end && { start, end };
  }

  /** UID of the message that was stored last, in whatever archive. */
  async newestId(): Promise<string | undefined> {
    const row = await this.#database
      .selectFrom('archive_message')
      .select('id')
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.id;
  }

  async #end(own: Jid, direction: 'asc' | 'desc') {
    const row = await this.#database
      .selectFrom('archive_message')
      .select(['id', 'received_at'])
      .where('localpart', '=', own.local as string)
      .orderBy('id', direction)
      .limit(1)
      .executeTakeFirst();
    return row && { id: row.id, timestamp: new Date(Number(row.received_at)) };
  }

  #matching(own: Jid, { start, end, afterId, beforeId, ids, with: peer }: ArchiveFilter): Selection {
    let selection: Selection = this.#database
      .selectFrom('archive_message')
      .where('localpart', '=', own.local as string);
    if (start) {
      // The time in a UID may be ahead of the message's own, never behind.
      selection = selection
        .where('id', '>=', ArchiveIds.lowerBound(start.getTime()))
        .where('received_at', '>=', start.getTime());
    }
    if (end) selection = selection.where('received_at', '<=', end.getTime());
    if (afterId !== undefined) selection = selection.where('id', '>', afterId);
    if (beforeId !== undefined) selection = selection.where('id', '<', beforeId);
    if (ids) selection = selection.where('id', 'in', ids);
    if (!peer) return selection;
    const bare = peer.bare.toString();
    const { resource } = peer;
    if (resource === undefined) return selection.where('peer', '=', bare);
    if (!peer.bare.equals(own)) return selection.where('peer', '=', bare).where('peer_resource', '=', resource);
    return selection.where((where) =>
      where.or([
        where('own_resource', '=', resource),
        where.and([where('peer', '=', bare), where('peer_resource', '=', resource)]),
      ]),
    );
  }

  /** @throws StanzaError `item-not-found` when one of them is not there */
  async #demand(localpart: string, ids: readonly (string | undefined)[]): Promise<void> {
    const wanted = [...new Set(ids.filter((id) => id !== undefined && id !== ''))] as string[];
    if (wanted.length === 0) return;
    if (wanted.length > MAX_IDS) throw new StanzaError('policy-violation', `a query names at most ${MAX_IDS} UIDs`);
    const found = await this.#database
      .selectFrom('archive_message')
      .select('id')
      .where('localpart', '=', localpart)
      .where('id', 'in', wanted)
      .execute();
    if (found.length < wanted.length) throw new StanzaError('item-not-found', 'there is no message of this UID');
  }

  async #texts(sequences: readonly number[]): Promise<readonly StoredMessage[]> {
    if (sequences.length === 0) return [];
    const rows = await this.#database
      .selectFrom('archive_message')
      .select(['id', 'received_at', 'text'])
      .where('sequence', 'in', sequences)
      .execute();
    return rows
      .map(({ id, received_at, text }) => ({ id, receivedAt: new Date(Number(received_at)), text }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Undefined when there are more than are counted. */
  async #count(selection: Selection): Promise<number | undefined> {
    const { count } = await this.#database
      .selectFrom(
        selection
          .select('id')
          .limit(MAX_COUNT + 1)
          .as('matching'),
      )
      .select(({ fn }) => fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count) > MAX_COUNT ? undefined : Number(count);
  }
}

/** How many of them fit into a page: one at least. */
function fitting(rows: readonly { readonly size: number }[]): number {
  let size = 0;
  const tooMany = rows.findIndex((row, i) => {
    size += row.size;
    return i > 0 && size > MAX_PAGE_SIZE;
  });
  return tooMany === -1 ? rows.length : tooMany;
}
