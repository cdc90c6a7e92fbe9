import {
  contentDigest,
  contentOctets,
  type DocumentEntry,
  type DocumentReference,
  type ListDocuments,
  type PutDocument,
  type RemoveDocument,
  type StoredDocument,
} from '@thingward/things';
import { StanzaError } from '@thingward/xmpp';
import type { Kysely, Transaction } from 'kysely';
import { type ThingColumns, thingColumns } from '../node-columns.ts';
import type { BrokerLimits } from './limits.ts';
import { contentColumns, documentOf, ENTRY_COLUMNS, entryOf } from './stored-document.ts';
import type { BrokerTables } from './tables.ts';

/** What came of a put. */
export interface PutOutcome {
  readonly document: DocumentEntry;
  /** False: the same was there already. */
  readonly isChanged: boolean;
}

/** The table of documents. */
export class DocumentStore {
  readonly #database: Kysely<BrokerTables>;
  readonly #limits: BrokerLimits;

  constructor(database: Kysely<BrokerTables>, limits: BrokerLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /**
   * @param by bare JID of who puts it
   * @throws StanzaError conflict when another document is there than was expected, or somebody else has put one at this moment;
   * resource-constraint
   */
  async put(document: PutDocument, by: string, at: Date): Promise<PutOutcome> {
    const { kind, name, mediaType, content, previous } = document;
    const thing = thingColumns(document.thing, document.node);
    const digest = await contentDigest(content);
    const row = {
      media_type: mediaType,
      ...contentColumns(content),
      digest,
      size: contentOctets(content).length,
      put_at: at.getTime(),
      put_by: by,
    };
    return this.#database.transaction().execute(async (transaction) => {
      const before = await find(transaction, thing, kind, name).select(ENTRY_COLUMNS).executeTakeFirst();
      checkExpected(before?.digest, previous);
      if (before?.digest === digest && before.media_type === mediaType) {
        return { document: entryOf(before), isChanged: false };
      }
      await this.#checkRoom(transaction, thing, row.size - (before?.size ?? 0), before === undefined);
      if (before === undefined) {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('broker_documents')
          .values({ ...thing, kind, name, ...row, version: 1 })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        if (!numInsertedOrUpdatedRows) throw raced();
        return { document: entryOf({ ...thing, kind, name, ...row, version: 1 }), isChanged: true };
      }
      const version = before.version + 1;
      const { numUpdatedRows } = await transaction
        .updateTable('broker_documents')
        .set({ ...row, version })
        .where(({ and }) => and({ ...thing, kind, name, version: before.version, digest: before.digest }))
        .executeTakeFirst();
      if (numUpdatedRows === 0n) throw raced();
      return { document: entryOf({ ...thing, kind, name, ...row, version }), isChanged: true };
    });
  }

  /** @throws StanzaError item-not-found, conflict */
  async remove({ previous, kind, name, ...about }: RemoveDocument): Promise<void> {
    const thing = thingColumns(about.thing, about.node);
    await this.#database.transaction().execute(async (transaction) => {
      const before = await find(transaction, thing, kind, name).select('digest').executeTakeFirst();
      if (before === undefined) throw notFound();
      checkExpected(before.digest, previous);
      const { numDeletedRows } = await transaction
        .deleteFrom('broker_documents')
        .where(({ and }) => and({ ...thing, kind, name, digest: before.digest }))
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw raced();
    });
  }

  /** @throws StanzaError item-not-found */
  async get({ thing, node, kind, name }: DocumentReference): Promise<StoredDocument> {
    const row = await find(this.#database, thingColumns(thing, node), kind, name).selectAll().executeTakeFirst();
    if (row === undefined) throw notFound();
    return documentOf(row);
  }

  /** How many there are in all, and those of one page in order of kind and name. @throws StanzaError bad-request for a place that is none */
  async list({ thing, node, kind, part }: ListDocuments): Promise<{ count: number; documents: DocumentEntry[] }> {
    const columns = thingColumns(thing, node);
    const all = this.#database
      .selectFrom('broker_documents')
      .where(({ and }) => and({ ...columns, ...(kind === undefined ? {} : { kind }) }));
    const { count } = await all.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
    const most = Math.min(part?.max ?? this.#limits.documentsPerAnswer, this.#limits.documentsPerAnswer);
    if (most === 0) return { count: Number(count), documents: [] };
    const after = part?.after === undefined ? undefined : decodePlace(part.after);
    const page = after
      ? all.where(({ eb, or, and }) =>
          or([eb('kind', '>', after.kind), and([eb('kind', '=', after.kind), eb('name', '>', after.name)])]),
        )
      : all;
    const rows = await page.select(ENTRY_COLUMNS).orderBy('kind').orderBy('name').limit(most).execute();
    return { count: Number(count), documents: rows.map(entryOf) };
  }

  async #checkRoom(
    transaction: Transaction<BrokerTables>,
    thing: ThingColumns,
    moreBytes: number,
    isNew: boolean,
  ): Promise<void> {
    const { documentsPerThing, documentsPerJid, bytesPerJid } = this.#limits;
    const all = await transaction
      .selectFrom('broker_documents')
      .select(({ fn }) => [fn.countAll().as('count'), fn.sum('size').as('bytes')])
      .where('jid', '=', thing.jid)
      .executeTakeFirstOrThrow();
    if (moreBytes > 0 && Number(all.bytes ?? 0) + moreBytes > bytesPerJid) {
      throw new StanzaError('resource-constraint', `what is kept about one JID has at most ${bytesPerJid} octets`);
    }
    if (!isNew) return;
    const { count } = await transaction
      .selectFrom('broker_documents')
      .select(({ fn }) => fn.countAll().as('count'))
      .where(({ and }) => and({ ...thing }))
      .executeTakeFirstOrThrow();
    if (Number(count) >= documentsPerThing) {
      throw new StanzaError('resource-constraint', `there are at most ${documentsPerThing} documents about a Thing`);
    }
    if (Number(all.count) >= documentsPerJid) {
      throw new StanzaError('resource-constraint', `there are at most ${documentsPerJid} documents about one JID`);
    }
  }
}

/** A place in a list, as result sets name it. @see XEP-0059 §2.2 */
export function encodePlace({ kind, name }: Pick<DocumentReference, 'kind' | 'name'>): string {
  return `${encodeURIComponent(kind)}/${encodeURIComponent(name)}`;
}

function decodePlace(text: string): { readonly kind: string; readonly name: string } {
  const [kind = '', name, ...rest] = text.split('/');
  try {
    if (name !== undefined && rest.length === 0) {
      return { kind: decodeURIComponent(kind), name: decodeURIComponent(name) };
    }
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  throw new StanzaError('bad-request', `"${text.slice(0, 40)}" is no place in a list of documents`);
}

function find(database: Kysely<BrokerTables>, thing: ThingColumns, kind: string, name: string) {
  return database.selectFrom('broker_documents').where(({ and }) => and({ ...thing, kind, name }));
}

function checkExpected(present: string | undefined, expected: string | undefined): void {
  if (expected === undefined || expected === (present ?? 'none')) return;
  throw new StanzaError(
    'conflict',
    present === undefined ? 'there is no document any more' : `the document there has the digest ${present}`,
  );
}

function raced(): StanzaError {
  return new StanzaError('conflict', 'somebody else has changed the document at this moment');
}

export function notFound(): StanzaError {
  return new StanzaError('item-not-found', 'there is no such document');
}
