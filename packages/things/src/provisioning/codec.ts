import { type Element, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { decodeRequestedTypes, encodeRequestedTypes } from '../sensor-data/codec.ts';
import type { FieldType } from '../sensor-data/field.ts';
import { PROVISIONING_NAMESPACE } from '../thing/friend-codec.ts';
import type { NodeReference } from '../thing/node.ts';
import {
  booleanAttribute,
  decodeNodes,
  decodeTokens,
  expectElement,
  flagAttribute,
  outgoingNode,
  outgoingText,
  outgoingTokens,
  PayloadError,
  requiredAttribute,
  type Tokens,
  valid,
} from '../thing/payload.ts';

/** `<isFriendResponse/>` @see XEP-0324 §3.2.1 */
export interface FriendAnswer {
  /** Bare JID of who wants to be a friend. */
  readonly jid: Jid;
  readonly isAllowed: boolean;
  /** May the Thing trust others besides this provisioning server? @see XEP-0324 §3.1.4 */
  readonly secondaryTrustAllowed: boolean;
}

/** What a requester wants to read or, in an answer, may read. @see XEP-0324 §3.3 */
export interface ReadScope {
  /** Bare JID of the requester. */
  readonly jid: Jid;
  /** Empty: all. */
  readonly nodes: readonly NodeReference[];
  /** Names of fields; empty: all. */
  readonly names: readonly string[];
  /** Empty: nothing is said of kinds. */
  readonly types: readonly FieldType[];
}

/** What a requester wants to control or, in an answer, may control. @see XEP-0324 §3.4 */
export interface ControlScope {
  /** Bare JID of the requester. */
  readonly jid: Jid;
  /** Empty: all. */
  readonly nodes: readonly NodeReference[];
  /** Names of parameters; empty: all. */
  readonly names: readonly string[];
}

/** `<canRead/>` */
export type ReadQuestion = ReadScope & Tokens;
/** `<canReadResponse/>`: what it names is all that is allowed. */
export type ReadAnswer = ReadScope & { readonly isAllowed: boolean };
/** `<canControl/>` */
export type ControlQuestion = ControlScope & Tokens;
/** `<canControlResponse/>`: what it names is all that is allowed. */
export type ControlAnswer = ControlScope & { readonly isAllowed: boolean };

export function encodeFriendQuestion(jid: Jid, namespace = PROVISIONING_NAMESPACE): Element {
  return xml('isFriend', { xmlns: namespace, jid: jid.bare.toString() });
}

/** The bare JID that is asked about. @throws PayloadError */
export function decodeFriendQuestion(element: Element, namespace = PROVISIONING_NAMESPACE): Jid {
  expectElement(element, 'isFriend', namespace);
  return bareJid(element);
}

export function encodeFriendAnswer(
  { jid, isAllowed, secondaryTrustAllowed }: FriendAnswer,
  namespace = PROVISIONING_NAMESPACE,
): Element {
  return xml('isFriendResponse', {
    xmlns: namespace,
    jid: jid.bare.toString(),
    result: isAllowed,
    secondaryTrustAllowed: secondaryTrustAllowed || undefined,
  });
}

/** @throws PayloadError */
export function decodeFriendAnswer(element: Element, namespace = PROVISIONING_NAMESPACE): FriendAnswer {
  expectElement(element, 'isFriendResponse', namespace);
  return {
    jid: bareJid(element),
    isAllowed: resultOf(element),
    secondaryTrustAllowed: flagAttribute(element, 'secondaryTrustAllowed', element.name),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeReadQuestion(question: ReadQuestion): Element {
  return encodeReadScope('canRead', question, outgoingTokens(question, 'canRead'));
}

/** @throws PayloadError */
export function decodeReadQuestion(element: Element): ReadQuestion {
  expectElement(element, 'canRead', PROVISIONING_NAMESPACE);
  return { ...decodeReadScope(element), ...decodeTokens(element) };
}

/** @throws PayloadError for what can't be written */
export function encodeReadAnswer(answer: ReadAnswer): Element {
  return encodeReadScope('canReadResponse', answer, { result: answer.isAllowed });
}

/** @throws PayloadError */
export function decodeReadAnswer(element: Element): ReadAnswer {
  expectElement(element, 'canReadResponse', PROVISIONING_NAMESPACE);
  return { ...decodeReadScope(element), isAllowed: resultOf(element) };
}

/** @throws PayloadError for what can't be written */
export function encodeControlQuestion(question: ControlQuestion): Element {
  return encodeControlScope('canControl', question, outgoingTokens(question, 'canControl'));
}

/** @throws PayloadError */
export function decodeControlQuestion(element: Element): ControlQuestion {
  expectElement(element, 'canControl', PROVISIONING_NAMESPACE);
  return { ...decodeControlScope(element), ...decodeTokens(element) };
}

/** @throws PayloadError for what can't be written */
export function encodeControlAnswer(answer: ControlAnswer): Element {
  return encodeControlScope('canControlResponse', answer, { result: answer.isAllowed });
}

/** @throws PayloadError */
export function decodeControlAnswer(element: Element): ControlAnswer {
  expectElement(element, 'canControlResponse', PROVISIONING_NAMESPACE);
  return { ...decodeControlScope(element), isAllowed: resultOf(element) };
}

/** Rules have changed: the Thing is to forget all answers it has kept. @see XEP-0324 §3.5 */
export function encodeClearCache(
  name: 'clearCache' | 'clearCacheResponse',
  namespace = PROVISIONING_NAMESPACE,
): Element {
  return xml(name, { xmlns: namespace });
}

type Attributes = Record<string, string | boolean | undefined>;

function provisioning(name: string, attributes: Attributes, ...content: (readonly Element[])[]): Element {
  return xml(name, { xmlns: PROVISIONING_NAMESPACE, ...attributes }, ...content);
}

function encodeReadScope(name: string, { jid, nodes, names, types }: ReadScope, more: Attributes): Element {
  return provisioning(
    name,
    { jid: jid.bare.toString(), ...encodeRequestedTypes(types), ...more },
    encodeNodes(nodes, name),
    encodeNames('field', names, name),
  );
}

function encodeControlScope(name: string, { jid, nodes, names }: ControlScope, more: Attributes): Element {
  return provisioning(
    name,
    { jid: jid.bare.toString(), ...more },
    encodeNodes(nodes, name),
    encodeNames('parameter', names, name),
  );
}

function encodeNodes(nodes: readonly NodeReference[], path: string): readonly Element[] {
  return nodes.map((node) => xml('node', outgoingNode(node, `${path}/node`)));
}

function encodeNames(kind: 'field' | 'parameter', names: readonly string[], path: string): readonly Element[] {
  return names.map((name) => xml(kind, { name: outgoingText(name, `${path}/${kind}/@name`) }));
}

function decodeReadScope(element: Element): ReadScope {
  const jid = bareJid(element);
  const types = decodeRequestedTypes(element);
  return { jid, nodes: decodeNodes(element), names: decodeNames(element, 'field'), types };
}

function decodeControlScope(element: Element): ControlScope {
  return { jid: bareJid(element), nodes: decodeNodes(element), names: decodeNames(element, 'parameter') };
}

function decodeNames(element: Element, kind: 'field' | 'parameter'): readonly string[] {
  return element
    .childrenNamed(kind)
    .map((child, i) => requiredAttribute(child, 'name', `${element.name}/${kind}[${i + 1}]`));
}

/** The attribute `result`, which has to be there. @throws PayloadError */
export function resultOf(element: Element): boolean {
  const result = booleanAttribute(element, 'result', element.name);
  if (result === undefined) {
    throw new PayloadError('missing-attribute', `${element.name}/@result`, 'the attribute is required');
  }
  return result;
}

/** The attribute `jid` of an element, bare. @throws PayloadError */
export function bareJid(element: Element): Jid {
  const text = requiredAttribute(element, 'jid', element.name);
  return valid(Jid.tryParse(text), `${element.name}/@jid`, 'a JID', text).bare;
}
