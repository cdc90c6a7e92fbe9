import {
  type AccessQuestionToOwner,
  type AccessRule,
  allOf,
  FIELD_TYPES,
  type FieldType,
  HISTORICAL_FIELD_TYPES,
  type RuleContent,
  type RuleScope,
} from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';
import type { OwnerDesk } from './owner-desk.ts';

const HELP =
  'Say "questions" or "rules" to see them, "allow 1" or "deny 1" to answer question 1, ' +
  '"allow 1 domain" or "allow 1 anyone" for more than the one who asked, "allow 1 once" or "allow 1 day" for not for ever, ' +
  '"allow 1 momentary" for these kinds of fields only, "allow 1: Energy, Power" for these fields or parameters only, ' +
  '"edit 1 deny" to change rule 1, "withdraw 1" to take it back, and "dismiss 1" to put question 1 away.';

const COMMAND =
  /^(?:(edit)\s+(\d{1,9})\s+(allow|deny)|(allow|deny|withdraw|dismiss)\s+(\d{1,9}))((?:\s+\w+)*)\s*(?::\s*(.+))?$/i;

/** What is longer is no command. */
const MAX_CHARACTERS = 10_000;
const DURATIONS_MS: Readonly<Record<string, number>> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 };
const SCOPES: readonly string[] = ['domain', 'anyone', 'service', 'device', 'user'];

/** What an owner says in a chat, carried out. @returns what to say to the owner */
export async function converse(desk: OwnerDesk, owner: string, text: string, now: () => number): Promise<string> {
  const words = text.slice(0, MAX_CHARACTERS).trim();
  if (/^questions$/i.test(words)) {
    return listed(await allOf((part) => desk.questions(owner, part)), questionText, 'questions');
  }
  if (/^rules$/i.test(words)) return listed(await allOf((part) => desk.rules(owner, part)), ruleText, 'rules');
  const command = COMMAND.exec(words);
  if (!command) return HELP;
  const [, , edited, editVerb, verb, id, options = '', names] = command;
  try {
    switch (verb?.toLowerCase()) {
      case 'withdraw':
        return `Withdrawn: ${ruleText(await desk.withdraw(owner, Number(id)))}`;
      case 'dismiss':
        return `Put away: ${questionText(await desk.dismiss(owner, Number(id)))}`;
    }
    const isAllowed = (editVerb ?? verb)?.toLowerCase() === 'allow';
    const { scope, content } = readOptions(options, { isAllowed, names: split(names) }, now());
    const rule =
      edited === undefined
        ? await desk.answer(owner, { question: Number(id), scope, ...content })
        : await desk.edit(owner, Number(edited), content);
    return `Rule ${ruleText(rule)}`;
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    return sentence(error.text ?? error.message);
  }
}

/** For the chat that tells an owner of a question. */
export function announcement(question: AccessQuestionToOwner): string {
  const { items } = question;
  const choice = items.length === 0 ? '' : ` There is: ${items.map(({ name }) => name).join(', ')}.`;
  return `Question ${questionText(question)}${choice} Answer with "allow ${question.id}" or "deny ${question.id}". ${HELP}`;
}

/** What can be answered with one touch. */
export function quickAnswers({
  id,
}: AccessQuestionToOwner): readonly { readonly value: string; readonly label: string }[] {
  return [
    { value: `allow ${id}`, label: 'Allow' },
    { value: `allow ${id} once`, label: 'Allow once' },
    { value: `allow ${id} day`, label: 'Allow for a day' },
    { value: `deny ${id}`, label: 'Deny' },
  ];
}

/** @throws StanzaError `bad-request` for a word that means nothing here */
function readOptions(
  text: string,
  content: Pick<RuleContent, 'isAllowed' | 'names'>,
  now: number,
): { readonly scope: RuleScope; readonly content: RuleContent } {
  let scope: RuleScope = 'requester';
  let once = false;
  let until: Date | undefined;
  const types: FieldType[] = [];
  for (const word of text.toLowerCase().split(/\s+/)) {
    const durationMs = DURATIONS_MS[word];
    const named = FIELD_TYPES.find((type) => type.toLowerCase() === word);
    if (word === '' || word === 'always') continue;
    else if (SCOPES.includes(word)) scope = word as RuleScope;
    else if (word === 'once') once = true;
    else if (durationMs !== undefined) until = new Date(now + durationMs);
    else if (word === 'historical') types.push(...HISTORICAL_FIELD_TYPES);
    else if (named) types.push(named);
    else throw new StanzaError('bad-request', `"${word}" means nothing here. ${HELP}`);
  }
  return {
    scope,
    content: { ...content, once: once || undefined, until, types: types.length > 0 ? types : undefined },
  };
}

function split(names: string | undefined): readonly string[] | undefined {
  const list = names
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return list?.length ? list : undefined;
}

function listed<T>(rows: readonly T[], text: (row: T) => string, what: string): string {
  return rows.length === 0 ? `There are no ${what}.` : rows.map(text).join('\n');
}

const VERBS = { friend: 'be a friend of', read: 'read', control: 'control' } as const;

function questionText(question: AccessQuestionToOwner): string {
  return `${question.id}: may ${question.requester} ${VERBS[question.kind]} ${thingText(question)}?`;
}

function ruleText(rule: AccessRule): string {
  const { names, types, once, until } = rule;
  const parts = [
    ...(names ? [names.join(', ')] : []),
    ...(types ? [kindsText(types)] : []),
    ...(once ? ['once'] : []),
    ...(until ? [`until ${until.toISOString()}`] : []),
  ];
  const limits = parts.length === 0 ? '' : ` (${parts.join('; ')})`;
  return `${rule.id}: ${subjectText(rule)} ${rule.isAllowed ? 'may' : 'may not'} ${VERBS[rule.kind]} ${thingText(rule)}${limits}.`;
}

function subjectText({ scope, subject }: AccessRule): string {
  if (scope === 'requester' || scope === 'domain') return subject;
  return scope === 'anyone' ? 'anyone' : `who shows the ${scope} token ${subject}`;
}

function kindsText(types: readonly FieldType[]): string {
  const isAllHistorical = HISTORICAL_FIELD_TYPES.every((type) => types.includes(type));
  const rest = isAllHistorical ? types.filter((type) => !HISTORICAL_FIELD_TYPES.includes(type)) : types;
  return [...rest, ...(isAllHistorical ? ['historical'] : [])].join(', ');
}

function thingText({
  jid,
  node,
}: {
  readonly jid: Jid;
  readonly node?: { readonly nodeId: string } | undefined;
}): string {
  return node ? `${node.nodeId} of ${jid}` : jid.toString();
}

function sentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return upper.endsWith('.') ? upper : `${upper}.`;
}
