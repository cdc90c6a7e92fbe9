import type {
  AccessQuestionToOwner,
  AccessRule,
  FieldType,
  ListPage,
  ListPart,
  OwnerAnswer,
  OwnerDecision,
  RuleContent,
  RuleSubject,
} from '@thingward/things';
import { Jid, type Logger, StanzaError } from '@thingward/xmpp';
import { nodeOfColumns, type ThingColumns, thingColumns } from '../node-columns.ts';
import type { KnownItems } from './known-items.ts';
import type { Owners } from './owners.ts';
import { contentOf, NoRoomError, type Question, type Rule, type RuleStore } from './rule-store.ts';
import { splitTokens, subjectOfColumn } from './subject-column.ts';
import type { ThingCaches } from './thing-caches.ts';

/** Most questions, and rules, told at once. */
const MAX_PAGE = 20;
const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 256;

export interface OwnerDeskOptions {
  readonly store: RuleStore;
  readonly items: KnownItems;
  readonly owners: Owners;
  readonly caches: ThingCaches;
  readonly log: Logger;
  readonly now: () => number;
}

/** What owners can see and decide here, however they say it. Owners are bare JIDs. */
export class OwnerDesk {
  readonly #options: OwnerDeskOptions;

  constructor(options: OwnerDeskOptions) {
    this.#options = options;
  }

  async questions(owner: string, part: ListPart): Promise<ListPage<AccessQuestionToOwner>> {
    const { rows, more } = await page(part, (stored) => this.#options.store.questionsOf(owner, stored));
    return { items: await Promise.all(rows.map((row) => this.describe(row))), more };
  }

  async rules(owner: string, part: ListPart): Promise<ListPage<AccessRule>> {
    const { rows, more } = await page(part, (stored) => this.#options.store.rulesOf(owner, stored));
    return { items: rows.map(ruleOf), more };
  }

  /** A question with what there is to choose from. */
  async describe(question: Question): Promise<AccessQuestionToOwner> {
    const { kind } = question;
    const names = JSON.parse(question.names) as string[];
    const known =
      kind === 'friend'
        ? new Map<string, readonly FieldType[]>()
        : await this.#options.items.of(question, kind === 'read' ? 'field' : 'parameter');
    const tokens = (text: string) => (text === '' ? undefined : text);
    return {
      id: question.id,
      jid: Jid.parse(question.jid),
      node: nodeOfColumns(question),
      kind,
      requester: Jid.parse(question.requester),
      serviceToken: tokens(question.service_tokens),
      deviceToken: tokens(question.device_tokens),
      userToken: tokens(question.user_tokens),
      asked: Math.max(question.asked, 1),
      first: new Date(Number(question.first_at)),
      last: new Date(Number(question.last_at)),
      types: JSON.parse(question.types) as FieldType[],
      items: [...new Set([...names, ...known.keys()])]
        .slice(0, MAX_NAMES)
        .map((name) => ({ name, types: known.get(name) ?? [], isWanted: names.includes(name) })),
    };
  }

  /** @throws StanzaError `item-not-found`, `bad-request`, `resource-constraint` */
  async answer(owner: string, answer: OwnerAnswer): Promise<AccessRule> {
    const question = await this.#options.store.question(owner, answer.question);
    if (!question) throw noSuch('question');
    return this.#decide(owner, question, subjectOf(question, answer), answer, question.id);
  }

  /** @throws StanzaError `forbidden` when the Thing is somebody else's; `bad-request`, `resource-constraint` */
  async decide(owner: string, decision: OwnerDecision): Promise<AccessRule> {
    const { owners } = this.#options;
    const { jid, node, kind } = decision;
    const thing = thingColumns(jid, node);
    if (kind === 'friend' && node) throw new StanzaError('bad-request', 'friends are friends of a JID, not of a node');
    const isOwner =
      kind === 'friend'
        ? (await owners.ownersBehind(thing.jid)).includes(owner)
        : (await owners.ownerOf(thing)) === owner;
    if (!isOwner) throw new StanzaError('forbidden', 'the Thing is not yours');
    return this.#decide(owner, { ...thing, kind }, checkedSubject(decision), decision);
  }

  /** @throws StanzaError `item-not-found`, `bad-request` */
  async edit(owner: string, id: number, content: RuleContent): Promise<AccessRule> {
    this.#check(content);
    const rule = await this.#options.store.edit(owner, id, content);
    if (!rule) throw noSuch('rule');
    await this.#changed(rule);
    return ruleOf(rule);
  }

  /** @throws StanzaError `item-not-found` */
  async withdraw(owner: string, id: number): Promise<AccessRule> {
    const rule = await this.#options.store.withdraw(owner, id);
    if (!rule) throw noSuch('rule');
    await this.#changed(rule, true);
    return ruleOf(rule);
  }

  /** Takes back all rules of an owner about a JID, or about one node of it. */
  async withdrawAll(owner: string, about: Partial<ThingColumns>): Promise<void> {
    for (const rule of await this.#options.store.withdrawAll(owner, about)) await this.#changed(rule, true);
  }

  /** @throws StanzaError `item-not-found` */
  async dismiss(owner: string, id: number): Promise<AccessQuestionToOwner> {
    const question = await this.#options.store.dismiss(owner, id);
    if (!question) throw noSuch('question');
    return this.describe(question);
  }

  async #decide(
    owner: string,
    about: ThingColumns & Pick<Rule, 'kind'>,
    subject: RuleSubject,
    content: RuleContent,
    question?: number,
  ): Promise<AccessRule> {
    this.#check(content);
    let rule: Rule | undefined;
    try {
      rule = await this.#options.store.decide(owner, about, subject, content, question);
    } catch (error) {
      if (error instanceof NoRoomError) throw new StanzaError('resource-constraint', error.message);
      throw error;
    }
    if (!rule) throw noSuch('question');
    await this.#options.owners.confirm?.(owner, rule.jid);
    await this.#changed(rule);
    return ruleOf(rule);
  }

  #check({ names = [], until }: RuleContent): void {
    if (names.length > MAX_NAMES || names.some((name) => name === '' || name.length > MAX_NAME_LENGTH)) {
      throw new StanzaError(
        'bad-request',
        `a rule has at most ${MAX_NAMES} names of 1 to ${MAX_NAME_LENGTH} characters`,
      );
    }
    if (until && until.getTime() <= this.#options.now()) throw new StanzaError('bad-request', 'this time is over');
  }

  async #changed(rule: Rule, isGone = false): Promise<void> {
    const { caches, log } = this.#options;
    log.info(
      { thing: rule.jid, node: nodeOfColumns(rule), owner: rule.owner, rule: rule.id, isGone },
      'a rule was changed',
    );
    caches.changed([rule.jid]);
    const { scope, subject } = subjectOfColumn(rule.requester);
    if (rule.kind !== 'friend' || scope !== 'requester') return;
    const isFriend = rule.is_allowed === 1 && !isGone;
    await caches.advise(rule.jid, { kind: isFriend ? 'friend' : 'unfriend', jid: Jid.parse(subject) });
  }
}

export function ruleOf(rule: Rule): AccessRule {
  return {
    id: rule.id,
    jid: Jid.parse(rule.jid),
    node: nodeOfColumns(rule),
    kind: rule.kind,
    ...subjectOfColumn(rule.requester),
    ...contentOf(rule),
    made: new Date(Number(rule.made_at)),
  };
}

/** Whom the answer to a question is for. @throws StanzaError `bad-request` */
function subjectOf(question: Question, { scope, subject }: Pick<OwnerAnswer, 'scope' | 'subject'>): RuleSubject {
  switch (scope) {
    case 'requester':
      return { scope, subject: question.requester };
    case 'domain':
      return { scope, subject: Jid.parse(question.requester).domain };
    case 'anyone':
      return { scope, subject: '' };
    default: {
      const tokens = splitTokens(question[`${scope}_tokens`]);
      const [only] = tokens;
      if (subject === undefined && only !== undefined && tokens.length === 1) return { scope, subject: only };
      if (subject !== undefined && tokens.includes(subject)) return { scope, subject };
      throw new StanzaError(
        'bad-request',
        `the question came with ${tokens.length === 0 ? 'no' : 'other'} ${scope} tokens`,
      );
    }
  }
}

/** @throws StanzaError `bad-request` */
function checkedSubject({ scope, subject }: RuleSubject): RuleSubject {
  if (scope !== 'requester' && scope !== 'domain') return { scope, subject };
  const jid = Jid.tryParse(subject);
  if (!jid || (scope === 'domain' && (jid.local !== undefined || jid.isFull))) {
    throw new StanzaError('bad-request', `"${subject}" is no ${scope === 'domain' ? 'domain' : 'JID'}`);
  }
  return { scope, subject: scope === 'domain' ? jid.domain : jid.bare.toString() };
}

async function page<T>(
  { after = 0, max = MAX_PAGE }: ListPart,
  load: (part: { after: number; max: number }) => Promise<readonly T[]>,
): Promise<{ readonly rows: readonly T[]; readonly more: boolean }> {
  const wanted = Math.min(max, MAX_PAGE);
  const rows = await load({ after, max: wanted + 1 });
  return { rows: rows.slice(0, wanted), more: rows.length > wanted };
}

function noSuch(what: 'question' | 'rule'): StanzaError {
  return new StanzaError('item-not-found', `you have no such ${what}`);
}
