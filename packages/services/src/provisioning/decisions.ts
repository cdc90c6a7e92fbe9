import type { AccessKind, FieldType, RuleContent } from '@thingward/things';
import type { Jid } from '@thingward/xmpp';
import type { ThingColumns } from '../node-columns.ts';
import type { Owners } from './owners.ts';
import { contentOf, type Question, type Rule, type RuleStore, type Wanted } from './rule-store.ts';
import { columnsFor, NO_TOKENS, subjectOfColumn } from './subject-column.ts';

/** No, or what is allowed; undefined parts: all. */
export type Decision =
  | false
  | { readonly names: readonly string[] | undefined; readonly types: readonly FieldType[] | undefined };

const EVERYTHING: Decision = { names: undefined, types: undefined };

/**
 * What whoever runs the network has decided, whatever owners say: that somebody may not do such a thing, that they may where no owner has
 * decided about them, or nothing.
 */
export type AccessPolicy = (
  kind: AccessKind,
  thing: ThingColumns,
  requester: Jid,
) => Promise<'forbidden' | 'granted' | 'open'>;

export interface DecisionsOptions {
  readonly store: RuleStore;
  readonly owners: Owners;
  /** Is who asks allowed to use a token? Asked before anything is granted because of one. @see XEP-0324 §3.1.3.2 */
  readonly mayUseToken: (scope: 'service' | 'device' | 'user', token: string, wanted: Wanted) => Promise<boolean>;
  /** What policies say before owners are asked. */
  readonly policy?: AccessPolicy | undefined;
  /** There is a question that was not asked before. */
  readonly onQuestion: (question: Question) => Promise<void>;
}

/** Decides by the rules of owners, and asks them where there is none. */
export class Decisions {
  readonly #options: DecisionsOptions;

  constructor(options: DecisionsOptions) {
    this.#options = options;
  }

  /** What may somebody do with a Thing of this owner? What no rule is for is refused, and becomes a question. */
  async decide(thing: ThingColumns, owner: string, kind: AccessKind, wanted: Wanted): Promise<Decision> {
    const { store, policy } = this.#options;
    const verdict = (await policy?.(kind, thing, wanted.requester)) ?? 'open';
    if (verdict === 'forbidden') return false;
    if (wanted.requester.bare.toString() === owner) return EVERYTHING;
    const levels = columnsFor(wanted.requester, wanted.tokens);
    const rules = await store.rulesFor(thing, owner, kind, levels.flat());
    // Those for fewer go before those for more.
    for (const columns of levels) {
      const decisive = await this.#decisive(
        rules.filter(({ requester }) => columns.includes(requester)),
        wanted,
      );
      if (decisive) return decisive.isAllowed ? { names: decisive.names, types: decisive.types } : false;
    }
    if (verdict === 'granted') return EVERYTHING;
    await this.#ask(thing, owner, kind, wanted);
    return false;
  }

  /** The most forgiving of rules that are for as many. @see XEP-0324 §3.1.5 */
  async #decisive(rules: readonly Rule[], wanted: Wanted): Promise<RuleContent | undefined> {
    for (const rule of rules) {
      if (rule.is_allowed === 0) continue;
      const { scope, subject } = subjectOfColumn(rule.requester);
      const isToken = scope === 'service' || scope === 'device' || scope === 'user';
      if (isToken && !(await this.#options.mayUseToken(scope, subject, wanted))) continue;
      return this.#take(rule);
    }
    const denying = rules.find(({ is_allowed }) => is_allowed === 0);
    return denying && this.#take(denying);
  }

  async #take(rule: Rule): Promise<RuleContent> {
    if (rule.once === 1) await this.#options.store.use(rule);
    return contentOf(rule);
  }

  async #ask(thing: ThingColumns, owner: string, kind: AccessKind, wanted: Wanted): Promise<void> {
    const { owners, store, onQuestion } = this.#options;
    // Who was named as owner without knowing of it is not to be flooded.
    const isStrange = !(await owners.knowsOf(owner, thing.jid));
    if (isStrange && (await store.hasQuestionAbout(thing.jid, owner))) return;
    const question = await store.ask(thing, owner, kind, wanted);
    if (question) await onQuestion(question);
  }
}

/** For one who is nobody but a JID. */
export function wantedBy(requester: Jid): Wanted {
  return { requester, tokens: NO_TOKENS, names: [], types: [], isProven: async () => false };
}
