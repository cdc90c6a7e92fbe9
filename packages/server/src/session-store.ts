import { decodeUtf8, parseElement } from '@thingward/xml';
import { Jid, NS } from '@thingward/xmpp';
import type { Kysely, Migration, Transaction } from 'kysely';
import { Stanza } from './stanza.ts';
import type { Sent } from './stream-management.ts';

/** A session that was there when the server stopped. */
interface KeptSessionTable {
  /** For resuming. @see XEP-0198 §3 */
  id: string;
  localpart: string;
  resource: string;
  /** When it can't be resumed any more: milliseconds since 1970. */
  expires_at: number;
  /** `SessionState` as JSON. */
  state: string;
}

/** What a client had not acknowledged then. */
interface KeptStanzaTable {
  session_id: string;
  /** In the order in which they were sent, from 0. */
  position: number;
  /** Milliseconds since 1970. */
  sent_at: number;
  /** Was there no connection then? 0 or 1. */
  is_held: number;
  /** The stanza as XML. */
  text: string;
}

export type SessionSchema = { kept_session: KeptSessionTable; kept_stanza: KeptStanzaTable };

export const sessionMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-26-server-kept-sessions': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('kept_session')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('resource', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .execute();
      await database.schema
        .createTable('kept_stanza')
        .addColumn('session_id', 'text', (column) => column.notNull().references('kept_session.id').onDelete('cascade'))
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('sent_at', 'bigint', (column) => column.notNull())
        .addColumn('is_held', 'integer', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('kept_stanza_key', ['session_id', 'position'])
        .execute();
    },
  },
};

/** What a session is, beside the stanzas that wait for acknowledgement. */
export interface SessionState {
  readonly resumeMs: number;
  /** Stanzas the client sent, and those of ours it has acknowledged. */
  readonly handled: number;
  readonly acknowledged: number;
  /** UUID of the client's installation. @see XEP-0388 §2.3 */
  readonly userAgentId?: string | undefined;
  readonly wantsRoster: boolean;
  readonly directed: readonly string[];
  readonly boundAt: number;
  /** What modules know of it, by their names. */
  readonly memory: Readonly<Record<string, unknown>>;
}

export interface KeptSession {
  readonly id: string;
  readonly jid: Jid;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly state: SessionState;
  readonly unacknowledged: readonly Sent[];
}

/** Rows of one statement. */
const ROWS = 50;

/** Sessions that can be resumed, in the database from the end of one run of the server until they are resumed or over. */
export class SessionStore {
  readonly #database: Kysely<SessionSchema>;
  readonly #domain: string;

  constructor(database: Kysely<SessionSchema>, domain: string) {
    this.#database = database;
    this.#domain = domain;
  }

  /** Writes these in the place of all others. */
  async replace(sessions: readonly KeptSession[]): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('kept_session').execute();
      const accounts = await transaction
        .withTables<{ account: { localpart: string } }>()
        .selectFrom('account')
        .select('localpart')
        .execute();
      const present = new Set(accounts.map(({ localpart }) => localpart));
      for (const session of sessions) {
        // The account may have been removed meanwhile.
        if (present.has(session.jid.local as string)) await insert(transaction, session);
      }
    });
  }

  async all(): Promise<readonly KeptSession[]> {
    const rows = await this.#database.selectFrom('kept_session').selectAll().execute();
    const sessions: KeptSession[] = [];
    for (const { id, localpart, resource, expires_at, state } of rows) {
      const stanzas = await this.#database
        .selectFrom('kept_stanza')
        .selectAll()
        .where('session_id', '=', id)
        .orderBy('position')
        .execute();
      sessions.push({
        id,
        jid: Jid.of(localpart, this.#domain).withResource(resource),
        expiresAt: Number(expires_at),
        state: JSON.parse(state) as SessionState,
        unacknowledged: stanzas.map(({ text, sent_at, is_held }) => ({
          stanza: parseStanza(text),
          at: Number(sent_at),
          isHeld: is_held === 1,
        })),
      });
    }
    return sessions;
  }

  /** It was resumed, or is over. */
  async remove(id: string): Promise<void> {
    await this.#database.deleteFrom('kept_session').where('id', '=', id).execute();
  }
}

/** A stanza as XML. */
export function stanzaText({ streamBytes }: Stanza): string {
  return decodeUtf8(streamBytes, 0, streamBytes.length);
}

/** @param text of a stanza with the `from` the server has vouched for */
export function parseStanza(text: string): Stanza {
  const element = parseElement(text, { '': NS.client });
  return Stanza.made(element, Jid.parse(element.attribute('from') ?? ''), Jid.tryParse(element.attribute('to')));
}

async function insert(
  transaction: Transaction<SessionSchema>,
  { id, jid, expiresAt, state, unacknowledged }: KeptSession,
): Promise<void> {
  await transaction
    .insertInto('kept_session')
    .values({
      id,
      localpart: jid.local as string,
      resource: jid.resource as string,
      expires_at: expiresAt,
      state: JSON.stringify(state),
    })
    .execute();
  const rows = unacknowledged.map(({ stanza, at, isHeld }, position) => ({
    session_id: id,
    position,
    sent_at: at,
    is_held: Number(isHeld),
    text: stanzaText(stanza),
  }));
  for (let start = 0; start < rows.length; start += ROWS) {
    await transaction
      .insertInto('kept_stanza')
      .values(rows.slice(start, start + ROWS))
      .execute();
  }
}
