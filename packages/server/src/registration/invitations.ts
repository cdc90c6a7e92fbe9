import { createHash, randomBytes } from 'node:crypto';
import { StanzaError } from '@thingward/xmpp';
import type { Generated, Kysely, Migration, Transaction } from 'kysely';
import type { ServerSchema } from '../storage/schema.ts';

interface InvitationTable {
  /** SHA-256 of the token, in hexadecimal digits: who reads the database can't register. */
  token_hash: string;
  /** The account it is for; null: whichever is free. */
  localpart: string | null;
  inviter: string;
  /** 1: inviter and newcomer become contacts of each other. */
  befriends: number;
  /** What it lets somebody do: make an account, become a contact of the inviter, or both. */
  lets: Generated<'account' | 'contact' | 'both'>;
  /** Milliseconds since 1970. */
  expires_at: number;
}

export type InvitationSchema = { invitation: InvitationTable };

export const invitationMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-26-server-invitations': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('invitation')
        .addColumn('token_hash', 'text', (column) => column.primaryKey())
        .addColumn('localpart', 'text')
        .addColumn('inviter', 'text', (column) => column.notNull().references('account.localpart').onDelete('cascade'))
        .addColumn('befriends', 'integer', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute();
      await database.schema.createIndex('invitation_localpart').on('invitation').column('localpart').execute();
    },
  },
  '2026-11-26-server-invitations-of-users': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .alterTable('invitation')
        .addColumn('lets', 'text', (column) => column.notNull().defaultTo('account'))
        .execute();
      await database.schema.createIndex('invitation_inviter').on('invitation').column('inviter').execute();
    },
  },
};

/** A token that lets one account be made. */
export interface Invitation {
  readonly tokenHash: string;
  readonly localpart: string | undefined;
  readonly inviter: string;
  readonly befriends: boolean;
  readonly expiresAt: Date;
}

const MAX_INVITATIONS = 10_000;
/** Of one who is no administrator. */
const MAX_OF_USER = 20;
/** Who has shown a token in time may take so long to register with it (XEP-0445 §4). */
const GRACE_MS = 86_400_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const TOKEN_LENGTH = 24;

/** Invitations that nobody has used yet: of administrators to make accounts, of users to become their contacts. @see XEP-0401, XEP-0445 */
export class Invitations {
  readonly #database: Kysely<InvitationSchema>;

  constructor(database: Kysely<InvitationSchema>) {
    this.#database = database;
  }

  /** @returns the token, which nobody can tell again @throws StanzaError `resource-constraint`, or `conflict` when the name is promised to another */
  async create(
    wanted: Pick<Invitation, 'localpart' | 'inviter' | 'befriends' | 'expiresAt'>,
    now = Date.now(),
  ): Promise<string> {
    await this.#makeRoom(now);
    const { localpart, inviter, befriends, expiresAt } = wanted;
    if (localpart !== undefined && (await this.isPromised(localpart, undefined, now))) {
      throw new StanzaError('conflict', `${localpart} is promised to somebody else`);
    }
    const token = newToken();
    await this.#database
      .insertInto('invitation')
      .values({
        token_hash: hashOf(token),
        localpart: localpart ?? null,
        inviter,
        befriends: Number(befriends),
        expires_at: expiresAt.getTime(),
      })
      .execute();
    return token;
  }

  /**
   * A token with which somebody becomes a contact of its maker and, where that is wished for, makes an account before.
   * @throws StanzaError `resource-constraint`
   * @see XEP-0401 §4.1
   */
  async createForContact(inviter: string, letsRegister: boolean, expiresAt: Date, now = Date.now()): Promise<string> {
    await this.#makeRoom(now);
    const { count } = await this.#database
      .selectFrom('invitation')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('inviter', '=', inviter)
      .where('lets', '!=', 'account')
      .executeTakeFirstOrThrow();
    if (Number(count) >= MAX_OF_USER) {
      throw new StanzaError('resource-constraint', `nobody has more than ${MAX_OF_USER} invitations that are open`);
    }
    const token = newToken();
    const expires_at = expiresAt.getTime();
    const lets = letsRegister ? 'both' : 'contact';
    await this.#database
      .insertInto('invitation')
      .values({ token_hash: hashOf(token), localpart: null, inviter, befriends: 1, lets, expires_at })
      .execute();
    return token;
  }

  /** Uses a token up with which somebody wants to become a contact. @returns whether it is one of this account @see XEP-0379 §3.5 */
  async useForContact(token: string, inviter: string, now = Date.now()): Promise<boolean> {
    const { numDeletedRows } = await this.#database
      .deleteFrom('invitation')
      .where('token_hash', '=', hashOf(token))
      .where('inviter', '=', inviter)
      .where('lets', '!=', 'account')
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** Forgets what is over. @throws StanzaError `resource-constraint` */
  async #makeRoom(now: number): Promise<void> {
    await this.#database
      .deleteFrom('invitation')
      .where('expires_at', '<', now - GRACE_MS)
      .execute();
    const { count } = await this.#database
      .selectFrom('invitation')
      .select(({ fn }) => fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    if (Number(count) >= MAX_INVITATIONS)
      throw new StanzaError('resource-constraint', 'there are too many invitations');
  }

  /** The invitation to register that a token stands for; undefined when it was used, is over or never was. */
  async find(token: string, now = Date.now()): Promise<Invitation | undefined> {
    const row = await this.#database
      .selectFrom('invitation')
      .selectAll()
      .where('token_hash', '=', hashOf(token))
      .where('lets', '!=', 'contact')
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return (
      row && {
        tokenHash: row.token_hash,
        localpart: row.localpart ?? undefined,
        inviter: row.inviter,
        befriends: row.befriends === 1,
        expiresAt: new Date(Number(row.expires_at)),
      }
    );
  }

  /** Is a name kept for somebody with another invitation? @see XEP-0445 §5 */
  async isPromised(localpart: string, own?: Invitation, now = Date.now()): Promise<boolean> {
    const row = await this.#database
      .selectFrom('invitation')
      .select('token_hash')
      .where('localpart', '=', localpart)
      .where('expires_at', '>', now)
      .where('token_hash', '!=', own?.tokenHash ?? '')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Uses it up, together with what else the transaction does. @throws StanzaError `not-allowed` when another was quicker */
  async use({ tokenHash }: Invitation, transaction: Transaction<ServerSchema>): Promise<void> {
    const { numDeletedRows } = await transaction
      .withTables<InvitationSchema>()
      .deleteFrom('invitation')
      .where('token_hash', '=', tokenHash)
      .executeTakeFirst();
    if (!numDeletedRows) throw new StanzaError('not-allowed', 'the invitation was used already');
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Letters and digits, so that it survives wherever it is copied to. @see XEP-0401 §5.2 */
function newToken(): string {
  let token = '';
  while (token.length < TOKEN_LENGTH) {
    // Bytes that would make some characters more likely than others are passed over.
    for (const byte of randomBytes(TOKEN_LENGTH)) {
      if (byte < ALPHABET.length * 4 && token.length < TOKEN_LENGTH) token += ALPHABET[byte % ALPHABET.length];
    }
  }
  return token;
}
