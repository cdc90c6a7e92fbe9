import { type Element, xml } from '@thingward/xml';
import { expectElement, flagAttribute, optionalOutgoingText, PayloadError } from '../thing/payload.ts';
import {
  type AccessQuestionToOwner,
  type AccessRule,
  accessAttributes,
  contentAttributes,
  decodeAccess,
  decodeContent,
  decodeOwnerQuestion,
  decodeRule,
  decodeSubject,
  encodeOwnerQuestion,
  encodeRule,
  idOf,
  itemElements,
  memberOf,
  PROVISIONING_OWNER,
  RULE_SCOPES,
  type RuleContent,
  type RuleScope,
  type RuleSubject,
  subjectAttributes,
  type ThingAccess,
} from './rule-codec.ts';

/** Which part of a list that is ordered by growing `id`. */
export interface ListPart {
  /** Only what has a greater `id`. */
  readonly after?: number | undefined;
  /** At most so many; the server may give fewer. */
  readonly max?: number | undefined;
}

/** Part of a list. */
export interface ListPage<T> {
  readonly items: readonly T[];
  /** Is there more after the last? */
  readonly more: boolean;
}

/** `<answer/>`: makes a rule of a question. */
export interface OwnerAnswer extends RuleContent {
  readonly question: number;
  /** For whom; a token is one that came with the question. */
  readonly scope: RuleScope;
  /** Which token, where several came. */
  readonly subject?: string | undefined;
}

/** `<edit/>`: gives a rule another content. */
export interface RuleEdit extends RuleContent {
  readonly rule: number;
}

/** `<decide/>`: makes a rule that nobody has asked for. */
export type OwnerDecision = ThingAccess & RuleSubject & RuleContent;

export function encodeList(name: 'questions' | 'rules', { after, max }: ListPart = {}): Element {
  return xml(name, { xmlns: PROVISIONING_OWNER, after, max });
}

/** @throws PayloadError */
export function decodeList(element: Element): ListPart {
  const { name } = element;
  return {
    after: element.attribute('after') === undefined ? undefined : idOf(element, 'after', name),
    max: element.attribute('max') === undefined ? undefined : idOf(element, 'max', name),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeQuestions({ items, more }: ListPage<AccessQuestionToOwner>): Element {
  return xml('questions', { xmlns: PROVISIONING_OWNER, more: more || undefined }, items.map(encodeOwnerQuestion));
}

/** @throws PayloadError */
export function decodeQuestions(element: Element): ListPage<AccessQuestionToOwner> {
  expectElement(element, 'questions', PROVISIONING_OWNER);
  return {
    items: element
      .childrenNamed('question')
      .map((question, i) => decodeOwnerQuestion(question, `questions/question[${i + 1}]`)),
    more: flagAttribute(element, 'more', 'questions'),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeRules({ items, more }: ListPage<AccessRule>): Element {
  return xml('rules', { xmlns: PROVISIONING_OWNER, more: more || undefined }, items.map(encodeRule));
}

/** @throws PayloadError */
export function decodeRules(element: Element): ListPage<AccessRule> {
  expectElement(element, 'rules', PROVISIONING_OWNER);
  return {
    items: element.childrenNamed('rule').map((rule, i) => decodeRule(rule, `rules/rule[${i + 1}]`)),
    more: flagAttribute(element, 'more', 'rules'),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeOwnerAnswer(answer: OwnerAnswer): Element {
  return xml(
    'answer',
    {
      xmlns: PROVISIONING_OWNER,
      question: answer.question,
      scope: answer.scope,
      subject: optionalOutgoingText(answer.subject, 'answer/@subject'),
      ...contentAttributes(answer, 'answer'),
    },
    itemElements(answer, 'answer'),
  );
}

/** @throws PayloadError */
export function decodeOwnerAnswer(element: Element): OwnerAnswer {
  expectElement(element, 'answer', PROVISIONING_OWNER);
  return {
    question: idOf(element, 'question', 'answer'),
    scope: memberOf(RULE_SCOPES, element, 'scope', 'answer'),
    subject: element.attribute('subject'),
    ...decodeContent(element, 'answer'),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeRuleEdit(edit: RuleEdit): Element {
  return xml(
    'edit',
    { xmlns: PROVISIONING_OWNER, rule: edit.rule, ...contentAttributes(edit, 'edit') },
    itemElements(edit, 'edit'),
  );
}

/** @throws PayloadError */
export function decodeRuleEdit(element: Element): RuleEdit {
  expectElement(element, 'edit', PROVISIONING_OWNER);
  return { rule: idOf(element, 'rule', 'edit'), ...decodeContent(element, 'edit') };
}

/** @throws PayloadError for what can't be written */
export function encodeOwnerDecision(decision: OwnerDecision): Element {
  return xml(
    'decide',
    {
      xmlns: PROVISIONING_OWNER,
      ...accessAttributes(decision, 'decide'),
      ...subjectAttributes(decision, 'decide'),
      ...contentAttributes(decision, 'decide'),
    },
    itemElements(decision, 'decide'),
  );
}

/** @throws PayloadError */
export function decodeOwnerDecision(element: Element): OwnerDecision {
  expectElement(element, 'decide', PROVISIONING_OWNER);
  return {
    ...decodeAccess(element, 'decide'),
    ...decodeSubject(element, 'decide'),
    ...decodeContent(element, 'decide'),
  };
}

/** Takes a rule back. */
export function encodeWithdraw(rule: number): Element {
  return xml('withdraw', { xmlns: PROVISIONING_OWNER, rule });
}

/** @throws PayloadError */
export function decodeWithdraw(element: Element): number {
  expectElement(element, 'withdraw', PROVISIONING_OWNER);
  return idOf(element, 'rule', 'withdraw');
}

/** Puts a question away without a rule: it comes back when it is asked again. */
export function encodeDismiss(question: number): Element {
  return xml('dismiss', { xmlns: PROVISIONING_OWNER, question });
}

/** @throws PayloadError */
export function decodeDismiss(element: Element): number {
  expectElement(element, 'dismiss', PROVISIONING_OWNER);
  return idOf(element, 'question', 'dismiss');
}

/** The rule in an answer. @throws PayloadError */
export function decodeRuleAnswer(element: Element | undefined): AccessRule {
  if (!element?.is('rule', PROVISIONING_OWNER)) {
    throw new PayloadError('unexpected-element', element?.name ?? 'iq', 'expected a rule');
  }
  return decodeRule(element);
}
