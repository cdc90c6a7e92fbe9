import type { AccessKind, FieldType, RuleContent, RuleSubject } from '@thingward/things';
import type { Jid } from '@thingward/xmpp';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';
import { markChanged } from './mark-changed.ts';
import { type GivenTokens, subjectColumn } from './subject-column.ts';
import type { ProvisioningQuestionsTable, ProvisioningRulesTable, ProvisioningTables } from './tables.ts';

export type Rule = Selectable<ProvisioningRulesTable>;
export type Question = Selectable<ProvisioningQuestionsTable>;

/** Names and kinds that are remembered of one question. */
const MAX_WANTED = 100;
/** What belongs to one request: its form, its parts, the checks while it goes on. */
export const ONCE_MS = 30_000;
/** In the column `once`, of a rule that has been used. */
const USED = 2;
const UNIQUE = ['jid', 'node_id', 'source_id', 'cache_type', 'owner', 'kind', 'requester'] as const;

/** What somebody asks for. */
export interface Wanted {
  readonly requester: Jid;
  readonly tokens: GivenTokens;
  /** Names of fields or parameters; empty: all. */
  readonly names: readonly string[];
  readonly types: readonly FieldType[];
  /** Has who shows this token proven that it may? */
  readonly isProven: (token: string) => Promise<boolean>;
}

/** Which part of what an owner has. */
export interface StoredPart {
  readonly after: number;
  readonly max: number;
}

/** Rules of owners, and questions to them. */
export class RuleStore {
  readonly #database: Kysely<ProvisioningTables>;
  readonly #maxPerOwner: number;
  readonly #now: () => number;

  /** @param maxPerOwner rules, and questions, of one owner */
  constructor(database: Kysely<ProvisioningTables>, maxPerOwner: number, now: () => number) {
    this.#database = database;
    this.#maxPerOwner = maxPerOwner;
    this.#now = now;
  }

  /** The rules about a Thing for any of these columns that count now. */
  rulesFor(thing: ThingColumns, owner: string, kind: AccessKind, columns: readonly string[]): Promise<Rule[]> {
    return this.#database
      .selectFrom('provisioning_rules')
      .selectAll()
      .where('jid', '=', thing.jid)
      .where('node_id', '=', thing.node_id)
      .where('source_id', '=', thing.source_id)
      .where('cache_type', '=', thing.cache_type)
      .where('owner', '=', owner)
      .where('kind', '=', kind)
      .where('requester', 'in', columns)
      .where(({ eb, or }) => or([eb('until_ms', 'is', null), eb('until_ms', '>', this.#now())]))
      .orderBy('id')
      .execute();
  }

  /** A rule that counts once is used: it goes on for the moment that one request takes, and ends. */
  async use(rule: Rule): Promise<void> {
    await this.#database
      .updateTable('provisioning_rules')
      .set({ until_ms: Math.min(this.#now() + ONCE_MS, Number(rule.until_ms ?? Number.MAX_SAFE_INTEGER)), once: USED })
      .where('id', '=', rule.id)
      .where('once', '=', 1)
      .execute();
  }

  /** Remembers a question. @returns undefined when it was asked already or the owner has too many */
  async ask(thing: ThingColumns, owner: string, kind: AccessKind, wanted: Wanted): Promise<Question | undefined> {
    const requester = wanted.requester.bare.toString();
    const now = this.#now();
    return this.#database.transaction().execute(async (transaction) => {
      const before = await transaction
        .selectFrom('provisioning_questions')
        .selectAll()
        .where('jid', '=', thing.jid)
        .where('node_id', '=', thing.node_id)
        .where('source_id', '=', thing.source_id)
        .where('cache_type', '=', thing.cache_type)
        .where('owner', '=', owner)
        .where('kind', '=', kind)
        .where('requester', '=', requester)
        .executeTakeFirst();
      const content = {
        last_at: now,
        names: union(before?.names, wanted.names),
        types: union(before?.types, wanted.types),
        service_tokens: wanted.tokens.service.join(' '),
        device_tokens: wanted.tokens.device.join(' '),
        user_tokens: wanted.tokens.user.join(' '),
      };
      if (before) {
        await transaction
          .updateTable('provisioning_questions')
          .set({ ...content, asked: Math.min(before.asked + 1, 2 ** 31 - 1) })
          .where('id', '=', before.id)
          .execute();
        return undefined;
      }
      if ((await count(transaction, 'provisioning_questions', owner)) >= this.#maxPerOwner) return undefined;
      return transaction
        .insertInto('provisioning_questions')
        .values({
          id: await nextNumber(transaction, 'question'),
          ...thing,
          owner,
          kind,
          requester,
          ...content,
          asked: 1,
          first_at: now,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
    });
  }

  /** Does a question about anything behind a JID wait for an owner? */
  async hasQuestionAbout(jid: string, owner: string): Promise<boolean> {
    const row = await this.#database
      .selectFrom('provisioning_questions')
      .select('id')
      .where('jid', '=', jid)
      .where('owner', '=', owner)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  questionsOf(owner: string, { after, max }: StoredPart): Promise<Question[]> {
    return this.#database
      .selectFrom('provisioning_questions')
      .selectAll()
      .where('owner', '=', owner)
      .where('id', '>', after)
      .orderBy('id')
      .limit(max)
      .execute();
  }

  question(owner: string, id: number): Promise<Question | undefined> {
    return this.#database
      .selectFrom('provisioning_questions')
      .selectAll()
      .where('owner', '=', owner)
      .where('id', '=', id)
      .executeTakeFirst();
  }

  /** Those that have ended are not among them. */
  rulesOf(owner: string, { after, max }: StoredPart): Promise<Rule[]> {
    return this.#database
      .selectFrom('provisioning_rules')
      .selectAll()
      .where('owner', '=', owner)
      .where('id', '>', after)
      .where(({ eb, or }) => or([eb('until_ms', 'is', null), eb('until_ms', '>', this.#now())]))
      .orderBy('id')
      .limit(max)
      .execute();
  }

  /**
   * Makes a rule, in place of one for the same; questions it answers are gone.
   * @param question the one that is answered, gone in any case
   * @returns undefined: there is no room, or no such question any more
   */
  async decide(
    owner: string,
    about: ThingColumns & { readonly kind: AccessKind },
    subject: RuleSubject,
    content: RuleContent,
    question?: number,
  ): Promise<Rule | undefined> {
    const { jid, node_id, source_id, cache_type, kind } = about;
    const key = { jid, node_id, source_id, cache_type, owner, kind, requester: subjectColumn(subject) };
    const values = { ...columnsOf(content), made_at: this.#now() };
    return this.#database.transaction().execute(async (transaction) => {
      if (question !== undefined) {
        const { numDeletedRows } = await transaction
          .deleteFrom('provisioning_questions')
          .where('id', '=', question)
          .where('owner', '=', owner)
          .executeTakeFirst();
        if (numDeletedRows === 0n) return undefined;
      }
      if ((await count(transaction, 'provisioning_rules', owner)) >= this.#maxPerOwner) {
        const same = await transaction
          .selectFrom('provisioning_rules')
          .select('id')
          .where(({ and }) => and(key))
          .executeTakeFirst();
        if (same === undefined) throw new NoRoomError();
      }
      const rule = await transaction
        .insertInto('provisioning_rules')
        .values({ id: await nextNumber(transaction, 'rule'), ...key, ...values })
        .onConflict((conflict) => conflict.columns(UNIQUE).doUpdateSet(values))
        .returningAll()
        .executeTakeFirst();
      await markChanged(transaction, [jid]);
      if (subject.scope === 'requester') {
        await transaction
          .deleteFrom('provisioning_questions')
          .where(({ and }) => and(key))
          .execute();
      }
      return rule;
    });
  }

  /** Gives a rule another content. @returns undefined: the owner has no such rule */
  async edit(owner: string, id: number, content: RuleContent): Promise<Rule | undefined> {
    const [rule] = await this.#change((database) =>
      database
        .updateTable('provisioning_rules')
        .set({ ...columnsOf(content), made_at: this.#now() })
        .where('id', '=', id)
        .where('owner', '=', owner)
        .returningAll()
        .execute(),
    );
    return rule;
  }

  /** @returns undefined: the owner has no such rule */
  async withdraw(owner: string, id: number): Promise<Rule | undefined> {
    const [rule] = await this.#change((database) =>
      database
        .deleteFrom('provisioning_rules')
        .where('id', '=', id)
        .where('owner', '=', owner)
        .returningAll()
        .execute(),
    );
    return rule;
  }

  /** Takes back all rules of an owner about a JID, or about one node of it. */
  withdrawAll(owner: string, about: Partial<ThingColumns>): Promise<readonly Rule[]> {
    return this.#change((database) => {
      let query = database.deleteFrom('provisioning_rules').where('owner', '=', owner);
      for (const column of ['jid', 'node_id', 'source_id', 'cache_type'] as const) {
        const value = about[column];
        if (value !== undefined) query = query.where(column, '=', value);
      }
      return query.returningAll().execute();
    });
  }

  dismiss(owner: string, id: number): Promise<Question | undefined> {
    return this.#database
      .deleteFrom('provisioning_questions')
      .where('id', '=', id)
      .where('owner', '=', owner)
      .returningAll()
      .executeTakeFirst();
  }

  /** Removes the rules that have ended. */
  async expire(): Promise<readonly Rule[]> {
    const now = this.#now();
    const due = await this.#database
      .selectFrom('provisioning_rules')
      .select('id')
      .where('until_ms', '<=', now)
      .limit(1)
      .executeTakeFirst();
    if (due === undefined) return [];
    return this.#change((database) =>
      database.deleteFrom('provisioning_rules').where('until_ms', '<=', now).returningAll().execute(),
    );
  }

  /** Changes rules, and has their Things told of it, or neither. */
  #change(act: (database: Transaction<ProvisioningTables>) => Promise<Rule[]>): Promise<readonly Rule[]> {
    return this.#database.transaction().execute(async (transaction) => {
      const rules = await act(transaction);
      await markChanged(transaction, [...new Set(rules.map(({ jid }) => jid))]);
      return rules;
    });
  }
}

/** An owner has as many rules as may be. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
  readonly code = 'no-room';

  constructor() {
    super('there is no room for more rules');
  }
}

/** The content of a rule as it is in its row. */
export function contentOf(rule: Rule): RuleContent {
  return {
    isAllowed: rule.is_allowed === 1,
    names: rule.names === null ? undefined : (JSON.parse(rule.names) as string[]),
    types: rule.types === null ? undefined : (JSON.parse(rule.types) as FieldType[]),
    once: rule.once > 0 ? true : undefined,
    until: rule.until_ms === null ? undefined : new Date(Number(rule.until_ms)),
  };
}

/** What is denied is denied as a whole: a list of names would allow the others. */
function columnsOf({ isAllowed, names, types, once, until }: RuleContent) {
  return {
    is_allowed: isAllowed ? 1 : 0,
    names: isAllowed && names ? JSON.stringify(names) : null,
    types: isAllowed && types ? JSON.stringify(types) : null,
    once: once ? 1 : 0,
    until_ms: until ? until.getTime() : null,
  };
}

function union(before: string | undefined, more: readonly string[]): string {
  const known = before === undefined ? [] : (JSON.parse(before) as string[]);
  return JSON.stringify([...new Set([...known, ...more])].slice(0, MAX_WANTED));
}

async function nextNumber(database: Transaction<ProvisioningTables>, name: 'question' | 'rule'): Promise<number> {
  const { last } = await database
    .updateTable('provisioning_numbers')
    .set(({ eb }) => ({ last: eb('last', '+', 1) }))
    .where('name', '=', name)
    .returning('last')
    .executeTakeFirstOrThrow();
  return last;
}

async function count(
  database: Transaction<ProvisioningTables>,
  table: 'provisioning_questions' | 'provisioning_rules',
  owner: string,
): Promise<number> {
  const row = await database
    .selectFrom(table)
    .select(({ fn }) => fn.countAll().as('count'))
    .where('owner', '=', owner)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}
