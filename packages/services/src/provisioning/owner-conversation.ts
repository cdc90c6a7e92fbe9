import { nodeOfColumns } from '../node-columns.ts';
import type { Answer, Question, Rule, RuleScope, RuleStore } from './rule-store.ts';

const HELP =
  'Say "questions" or "rules" to see them, "allow 1" or "deny 1" to answer question 1, ' +
  '"allow 1 domain" or "allow 1 anyone" for more than the one who asked, "allow 1: Energy, Power" for these fields or parameters only, ' +
  'and "withdraw 1" to take back rule 1.';

const ANSWER = /^(allow|deny)\s+(\d{1,9})(?:\s+(domain|anyone))?(?:\s*:\s*(.+))?$/i;

/** What an owner says in a chat, carried out. @returns what to say to the owner, and the rule that has changed */
export async function converse(
  store: RuleStore,
  owner: string,
  text: string,
): Promise<{ readonly reply: string; readonly changed?: Rule }> {
  const words = text.trim();
  if (/^questions$/i.test(words)) return { reply: listed(await store.questionsOf(owner), questionText, 'questions') };
  if (/^rules$/i.test(words)) return { reply: listed(await store.rulesOf(owner), ruleText, 'rules') };
  const withdrawn = /^withdraw\s+(\d{1,9})$/i.exec(words);
  if (withdrawn) {
    const rule = await store.withdraw(owner, Number(withdrawn[1]));
    return rule ? { reply: `Withdrawn: ${ruleText(rule)}`, changed: rule } : { reply: 'You have no such rule.' };
  }
  const answered = ANSWER.exec(words);
  if (!answered) return { reply: HELP };
  const rule = await store.answer(owner, Number(answered[2]), answerOf(answered));
  return rule
    ? { reply: `Rule ${ruleText(rule)}`, changed: rule }
    : { reply: 'You have no such question, or no room for more rules.' };
}

/** For the chat that tells an owner of a question. */
export function announcement(question: Question): string {
  return `Question ${questionText(question)} Answer with "allow ${question.id}" or "deny ${question.id}". ${HELP}`;
}

function answerOf([, verb = '', , scope, names]: RegExpExecArray): Answer {
  const list = names
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const isAllowed = verb.toLowerCase() === 'allow';
  // What is denied is denied as a whole: a list of names would allow the others.
  return {
    isAllowed,
    scope: (scope?.toLowerCase() as RuleScope | undefined) ?? 'requester',
    names: isAllowed && list?.length ? list : undefined,
  };
}

function listed<T>(rows: readonly T[], text: (row: T) => string, what: string): string {
  return rows.length === 0 ? `There are no ${what}.` : rows.map(text).join('\n');
}

function questionText(question: Question): string {
  const verb = { friend: 'be a friend of', read: 'read', control: 'control' }[question.kind];
  return `${question.id}: may ${question.requester} ${verb} ${thingText(question)}?`;
}

function ruleText(rule: Rule): string {
  const verb = { friend: 'be a friend of', read: 'read', control: 'control' }[rule.kind];
  const names = rule.names === null ? '' : ` (${(JSON.parse(rule.names) as string[]).join(', ')})`;
  return `${rule.id}: ${rule.requester || 'anyone'} ${rule.is_allowed ? 'may' : 'may not'} ${verb} ${thingText(rule)}${names}.`;
}

function thingText(row: Question | Rule): string {
  const node = nodeOfColumns(row);
  return node ? `${node.nodeId} of ${row.jid}` : row.jid;
}
