import { Jid } from '@thingward/xmpp';
import type { Kysely, Selectable } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';
import type { ProvisioningQuestionsTable, ProvisioningRulesTable, ProvisioningTables, RuleKind } from './tables.ts';

export type Rule = Selectable<ProvisioningRulesTable>;
export type Question = Selectable<ProvisioningQuestionsTable>;

/** Who a rule is for: the one who asked, all of its domain, or anyone. */
export type RuleScope = 'requester' | 'domain' | 'anyone';

export interface Answer {
  readonly isAllowed: boolean;
  readonly scope: RuleScope;
  /** Names of fields or parameters; undefined: all. */
  readonly names?: readonly string[] | undefined;
}

/** Rules of owners, and questions to them. */
export class RuleStore {
  readonly #database: Kysely<ProvisioningTables>;
  readonly #maxPerOwner: number;

  /** @param maxPerOwner rules, and questions, of one owner */
  constructor(database: Kysely<ProvisioningTables>, maxPerOwner: number) {
    this.#database = database;
    this.#maxPerOwner = maxPerOwner;
  }

  /** The rule that decides: of those for the requester, its domain and anyone the one for the fewest. */
  async decisive(thing: ThingColumns, owner: string, kind: RuleKind, requester: Jid): Promise<Rule | undefined> {
    const scopes = [requester.bare.toString(), requester.domain, ''];
    const rules = await this.#database
      .selectFrom('provisioning_rules')
      .selectAll()
      .where('jid', '=', thing.jid)
      .where('node_id', '=', thing.node_id)
      .where('source_id', '=', thing.source_id)
      .where('cache_type', '=', thing.cache_type)
      .where('owner', '=', owner)
      .where('kind', '=', kind)
      .where('requester', 'in', scopes)
      .execute();
    return rules.sort((a, b) => scopes.indexOf(a.requester) - scopes.indexOf(b.requester))[0];
  }

  /** Remembers a question, once. @returns undefined when it was asked already or the owner has too many */
  async ask(thing: ThingColumns, owner: string, kind: RuleKind, requester: Jid): Promise<Question | undefined> {
    if ((await this.#count('provisioning_questions', owner)) >= this.#maxPerOwner) return undefined;
    return this.#database
      .insertInto('provisioning_questions')
      .values({ ...thing, owner, kind, requester: requester.bare.toString() })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst();
  }

  questionsOf(owner: string): Promise<Question[]> {
    return this.#database
      .selectFrom('provisioning_questions')
      .selectAll()
      .where('owner', '=', owner)
      .orderBy('id')
      .execute();
  }

  rulesOf(owner: string): Promise<Rule[]> {
    return this.#database
      .selectFrom('provisioning_rules')
      .selectAll()
      .where('owner', '=', owner)
      .orderBy('id')
      .execute();
  }

  /** Makes a rule of a question to this owner, in place of one for the same. @returns undefined: there is no such question, or no room */
  async answer(owner: string, id: number, { isAllowed, scope, names }: Answer): Promise<Rule | undefined> {
    if ((await this.#count('provisioning_rules', owner)) >= this.#maxPerOwner) return undefined;
    return this.#database.transaction().execute(async (transaction) => {
      const question = await transaction
        .deleteFrom('provisioning_questions')
        .where('id', '=', id)
        .where('owner', '=', owner)
        .returningAll()
        .executeTakeFirst();
      if (question === undefined) return undefined;
      const { id: _, requester: asker, ...about } = question;
      const requester = scope === 'requester' ? asker : scope === 'domain' ? Jid.parse(asker).domain : '';
      const content = { is_allowed: isAllowed ? 1 : 0, names: names ? JSON.stringify(names) : null };
      return transaction
        .insertInto('provisioning_rules')
        .values({ ...about, requester, ...content })
        .onConflict((conflict) =>
          conflict
            .columns(['jid', 'node_id', 'source_id', 'cache_type', 'owner', 'kind', 'requester'])
            .doUpdateSet(content),
        )
        .returningAll()
        .executeTakeFirst();
    });
  }

  withdraw(owner: string, id: number): Promise<Rule | undefined> {
    return this.#database
      .deleteFrom('provisioning_rules')
      .where('id', '=', id)
      .where('owner', '=', owner)
      .returningAll()
      .executeTakeFirst();
  }

  async #count(table: 'provisioning_questions' | 'provisioning_rules', owner: string): Promise<number> {
    const row = await this.#database
      .selectFrom(table)
      .select(({ fn }) => fn.countAll().as('count'))
      .where('owner', '=', owner)
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  }
}
