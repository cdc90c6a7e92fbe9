import { type Element, xml } from '@thingward/xml';
import type { Jid } from '@thingward/xmpp';
import { decodeRequestedTypes, encodeRequestedTypes } from '../sensor-data/codec.ts';
import type { FieldType } from '../sensor-data/field.ts';
import type { NodeReference } from '../thing/node.ts';
import {
  booleanAttribute,
  dateTimeAttribute,
  decodeNode,
  decodeTokens,
  flagAttribute,
  intAttribute,
  optionalOutgoingText,
  outgoingDateTime,
  outgoingNode,
  outgoingText,
  outgoingTokens,
  PayloadError,
  requiredAttribute,
  type Tokens,
  valid,
} from '../thing/payload.ts';
import { bareJid, resultOf } from './codec.ts';

/** Namespace of what owners and Things of ours say to a provisioning server beyond XEP-0324; also its feature. Its schema is beside this file. */
export const PROVISIONING_OWNER = 'urn:thingward:provisioning:1';

/** What is asked for. */
export const ACCESS_KINDS = ['friend', 'read', 'control'] as const;
export type AccessKind = (typeof ACCESS_KINDS)[number];

/** Whom a rule is for: one JID, all of its domain, anyone, or who shows a token, whatever its JID. */
export const RULE_SCOPES = ['requester', 'domain', 'anyone', 'service', 'device', 'user'] as const;
export type RuleScope = (typeof RULE_SCOPES)[number];

/** What somebody may do with, or wants of, a Thing. */
export interface ThingAccess {
  /** Bare JID of the Thing. */
  readonly jid: Jid;
  readonly node?: NodeReference | undefined;
  readonly kind: AccessKind;
}

/** What a rule says. */
export interface RuleContent {
  readonly isAllowed: boolean;
  /** Names of fields or parameters; undefined: all. */
  readonly names?: readonly string[] | undefined;
  /** Kinds of fields; undefined: all. */
  readonly types?: readonly FieldType[] | undefined;
  /** Does it count for one question alone? */
  readonly once?: boolean | undefined;
  /** When it ends; undefined: never. */
  readonly until?: Date | undefined;
}

/** Whom it is for. */
export interface RuleSubject {
  readonly scope: RuleScope;
  /** The bare JID, domain or token; empty for anyone. */
  readonly subject: string;
}

/** `<rule/>`: what an owner has decided. */
export interface AccessRule extends ThingAccess, RuleContent, RuleSubject {
  readonly id: number;
  readonly made: Date;
}

/** A field or parameter that the server has heard of. */
export interface KnownItem {
  readonly name: string;
  /** Kinds of a field, as far as they are known. */
  readonly types: readonly FieldType[];
  /** Was it asked for by name? */
  readonly isWanted: boolean;
}

/** `<question/>`: what an owner has yet to decide. */
export interface AccessQuestionToOwner extends ThingAccess, Tokens {
  readonly id: number;
  /** Bare JID. */
  readonly requester: Jid;
  /** How often it was asked. */
  readonly asked: number;
  readonly first: Date;
  readonly last: Date;
  /** Kinds of fields that were asked for; empty: nothing is known of it. */
  readonly types: readonly FieldType[];
  /** What there is to choose from: fields, or parameters. */
  readonly items: readonly KnownItem[];
}

/** @throws PayloadError for what can't be written */
export function encodeRule(rule: AccessRule): Element {
  return xml(
    'rule',
    {
      xmlns: PROVISIONING_OWNER,
      id: rule.id,
      ...accessAttributes(rule, 'rule'),
      ...subjectAttributes(rule, 'rule'),
      ...contentAttributes(rule, 'rule'),
      made: outgoingDateTime(rule.made, 'rule/@made'),
    },
    itemElements(rule, 'rule'),
  );
}

/** @throws PayloadError */
export function decodeRule(element: Element, path = 'rule'): AccessRule {
  return {
    id: idOf(element, 'id', path),
    ...decodeAccess(element, path),
    ...decodeSubject(element, path),
    ...decodeContent(element, path),
    made: requiredDateTime(element, 'made', path),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeOwnerQuestion(question: AccessQuestionToOwner): Element {
  const path = 'question';
  return xml(
    'question',
    {
      xmlns: PROVISIONING_OWNER,
      id: question.id,
      ...accessAttributes(question, path),
      requester: question.requester.bare.toString(),
      ...outgoingTokens(question, path),
      ...encodeRequestedTypes(question.types),
      asked: question.asked,
      first: outgoingDateTime(question.first, `${path}/@first`),
      last: outgoingDateTime(question.last, `${path}/@last`),
    },
    question.items.map(({ name, types, isWanted }) =>
      xml('item', {
        name: outgoingText(name, `${path}/item/@name`),
        wanted: isWanted || undefined,
        ...encodeRequestedTypes(types),
      }),
    ),
  );
}

/** @throws PayloadError */
export function decodeOwnerQuestion(element: Element, path = 'question'): AccessQuestionToOwner {
  const requester = requiredAttribute(element, 'requester', path);
  return {
    id: idOf(element, 'id', path),
    ...decodeAccess(element, path),
    requester: bareJid(element.with({ jid: requester })),
    ...decodeTokens(element),
    types: decodeRequestedTypes(element),
    asked: idOf(element, 'asked', path),
    first: requiredDateTime(element, 'first', path),
    last: requiredDateTime(element, 'last', path),
    items: element.childrenNamed('item').map((item, i) => ({
      name: requiredAttribute(item, 'name', `${path}/item[${i + 1}]`),
      types: decodeRequestedTypes(item),
      isWanted: flagAttribute(item, 'wanted', `${path}/item[${i + 1}]`),
    })),
  };
}

export type Attributes = Record<string, string | boolean | number | undefined>;

/** @throws PayloadError for what can't be written */
export function accessAttributes({ jid, node, kind }: ThingAccess, path: string): Attributes {
  return { jid: jid.bare.toString(), ...(node ? outgoingNode(node, path) : {}), kind };
}

/** @throws PayloadError */
export function decodeAccess(element: Element, path: string): ThingAccess {
  return {
    jid: bareJid(element),
    node: decodeNode(element, path),
    kind: memberOf(ACCESS_KINDS, element, 'kind', path),
  };
}

/** @throws PayloadError for what can't be written */
export function subjectAttributes({ scope, subject }: RuleSubject, path: string): Attributes {
  return { scope, subject: optionalOutgoingText(subject === '' ? undefined : subject, `${path}/@subject`) };
}

/** @throws PayloadError */
export function decodeSubject(element: Element, path: string): RuleSubject {
  const scope = memberOf(RULE_SCOPES, element, 'scope', path);
  const subject = element.attribute('subject') ?? '';
  if ((subject === '') !== (scope === 'anyone')) {
    throw new PayloadError(
      'invalid-value',
      `${path}/@subject`,
      'every scope but anyone needs somebody, and anyone nobody',
    );
  }
  if (/\s/.test(subject)) throw new PayloadError('invalid-value', `${path}/@subject`, 'it has no white space');
  return { scope, subject };
}

/** @throws PayloadError for what can't be written */
export function contentAttributes({ isAllowed, types, once, until }: RuleContent, path: string): Attributes {
  return {
    result: isAllowed,
    ...encodeRequestedTypes(types ?? []),
    once: once || undefined,
    until: until && outgoingDateTime(until, `${path}/@until`),
  };
}

export function itemElements({ names = [] }: Pick<RuleContent, 'names'>, path: string): readonly Element[] {
  return names.map((name) => xml('item', { name: outgoingText(name, `${path}/item/@name`) }));
}

/** @throws PayloadError */
export function decodeContent(element: Element, path: string): RuleContent {
  const names = element
    .childrenNamed('item')
    .map((item, i) => requiredAttribute(item, 'name', `${path}/item[${i + 1}]`));
  const types = decodeRequestedTypes(element);
  return {
    isAllowed: resultOf(element),
    names: names.length === 0 ? undefined : names,
    types: types.length === 0 ? undefined : types,
    once: booleanAttribute(element, 'once', path) || undefined,
    until: dateTimeAttribute(element, 'until', path),
  };
}

/** A number that is positive. @throws PayloadError */
export function idOf(element: Element, name: string, path: string): number {
  const id = intAttribute(element, name, path);
  if (id < 1) throw new PayloadError('invalid-value', `${path}/@${name}`, 'it begins with 1');
  return id;
}

/** @throws PayloadError */
export function memberOf<T extends string>(members: readonly T[], element: Element, name: string, path: string): T {
  const text = requiredAttribute(element, name, path);
  return valid(
    members.find((member) => member === text),
    `${path}/@${name}`,
    `one of ${members.join(', ')}`,
    text,
  );
}

function requiredDateTime(element: Element, name: string, path: string): Date {
  const text = requiredAttribute(element, name, path);
  return valid(dateTimeAttribute(element, name, path, 'Z'), `${path}/@${name}`, 'a date and time', text);
}
