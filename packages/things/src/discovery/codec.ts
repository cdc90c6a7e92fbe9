import { type Element, isXmlText, xml } from '@thingward/xml';
import { type Jid, StanzaError } from '@thingward/xmpp';
import { type NodeReference, nodeAttributes } from '../thing/node.ts';
import { booleanAttribute, countAttribute, jidAttribute, nodeOfAttributes, required } from './attribute.ts';
import { checkedTags, MetaTagError, parseTagNumber, tagName } from './meta-data.ts';
import type { MetaTag } from './meta-tag.ts';
import { NUMBER_COMPARISONS, type SearchOperator, STRING_COMPARISONS } from './search.ts';

/** Namespace of XEP-0347; also the feature a Thing Registry has. @see XEP-0347 §4 */
export const DISCOVERY = 'urn:xmpp:iot:discovery';

/** `<register/>`: a Thing tells its meta data. @see XEP-0347 §3.6 - 3.8 */
export interface Registration {
  readonly node?: NodeReference | undefined;
  readonly tags: readonly MetaTag[];
  /** It needs no owner and is public at once. */
  readonly selfOwned: boolean;
}

/** `<mine/>`: who knows the meta data claims the Thing. @see XEP-0347 §3.9 */
export interface Claim {
  readonly tags: readonly MetaTag[];
  /** Shall it be found in searches? */
  readonly public: boolean;
}

/**
 * `<claimed/>`: to the Thing it tells the owner, to the owner it tells the Thing. An absent `public` means true, as the text of
 * §3.9 has it (the schema says false).
 * @see XEP-0347 §3.6, §3.9
 */
export interface Claimed {
  /** Bare JID of the owner (told to the Thing) or of the Thing (told to the owner). */
  readonly jid: Jid;
  readonly node?: NodeReference | undefined;
  readonly public: boolean;
}

/** What `<remove/>` and `<disown/>` name: a Thing by JID and node. @see XEP-0347 §3.10, §3.17 */
export interface ThingReference {
  readonly jid: Jid;
  readonly node?: NodeReference | undefined;
}

/** `<update/>`: changes some tags; an empty string removes one. @see XEP-0347 §3.13, §3.14 */
export interface MetaDataUpdate {
  /** The Thing, when its owner updates it; undefined: the sender itself. */
  readonly jid?: Jid | undefined;
  readonly node?: NodeReference | undefined;
  readonly tags: readonly MetaTag[];
}

/** `<search/>`: all the operators must hold. @see XEP-0347 §3.15 */
export interface Search {
  readonly operators: readonly SearchOperator[];
  /** How many of the Things found to pass over. */
  readonly offset: number;
  /** Most Things wanted; undefined: as many as the registry gives. */
  readonly maxCount?: number | undefined;
}

/** A public Thing that a search found. @see XEP-0347 §3.15 */
export interface FoundThing {
  readonly jid: Jid;
  readonly node?: NodeReference | undefined;
  /** Bare JID of the owner; of a self-owned Thing its own. */
  readonly owner: Jid;
  readonly tags: readonly MetaTag[];
}

/** `<found/>` */
export interface SearchResult {
  readonly things: readonly FoundThing[];
  /** There are more, at the offset after these. */
  readonly more: boolean;
}

/** @throws MetaTagError */
export function encodeRegister({ node, tags, selfOwned }: Registration): Element {
  return discovery(
    'register',
    { ...nodeAttributes(node), selfOwned: selfOwned ? true : undefined },
    encodeMetaTags(tags),
  );
}

/** @throws StanzaError bad-request */
export function decodeRegister(register: Element): Registration {
  return {
    node: nodeOfAttributes(register),
    tags: decodeMetaTags(register),
    selfOwned: booleanAttribute(register, 'selfOwned', false),
  };
}

/** @throws MetaTagError */
export function encodeMine(claim: Claim): Element {
  return discovery('mine', { public: claim.public ? undefined : false }, encodeMetaTags(claim.tags));
}

/** @throws StanzaError bad-request */
export function decodeMine(mine: Element): Claim {
  return { tags: decodeMetaTags(mine), public: booleanAttribute(mine, 'public', true) };
}

export function encodeClaimed(claimed: Claimed): Element {
  const attributes = { jid: claimed.jid.bare.toString(), ...nodeAttributes(claimed.node) };
  return discovery('claimed', { ...attributes, public: claimed.public ? undefined : false });
}

/** @throws StanzaError bad-request */
export function decodeClaimed(claimed: Element): Claimed {
  return {
    jid: jidAttribute(claimed, 'jid').bare,
    node: nodeOfAttributes(claimed),
    public: booleanAttribute(claimed, 'public', true),
  };
}

export function encodeRemove({ jid, node }: ThingReference): Element {
  return discovery('remove', { jid: jid.bare.toString(), ...nodeAttributes(node) });
}

export function encodeDisown({ jid, node }: ThingReference): Element {
  return discovery('disown', { jid: jid.bare.toString(), ...nodeAttributes(node) });
}

/** Reads `<remove/>` and `<disown/>`. @throws StanzaError bad-request */
export function decodeThingReference(element: Element): ThingReference {
  return { jid: jidAttribute(element, 'jid').bare, node: nodeOfAttributes(element) };
}

/** Told to a Thing: its owner took it out of the registry. @see XEP-0347 §3.10 */
export function encodeRemoved(node: NodeReference | undefined): Element {
  return discovery('removed', nodeAttributes(node));
}

/** Told to a Thing: it has no owner any more. @see XEP-0347 §3.13, §3.17 */
export function encodeDisowned(node: NodeReference | undefined): Element {
  return discovery('disowned', nodeAttributes(node));
}

/** A Thing leaves the registry. @see XEP-0347 §3.16 */
export function encodeUnregister(node: NodeReference | undefined): Element {
  return discovery('unregister', nodeAttributes(node));
}

/** Reads the node that `<removed/>`, `<disowned/>` and `<unregister/>` name; undefined: the JID itself. @throws StanzaError bad-request */
export function decodeNodeInfo(element: Element): NodeReference | undefined {
  return nodeOfAttributes(element);
}

/** @throws MetaTagError */
export function encodeUpdate({ jid, node, tags }: MetaDataUpdate): Element {
  return discovery('update', { jid: jid?.bare.toString(), ...nodeAttributes(node) }, encodeMetaTags(tags));
}

/** @throws StanzaError bad-request */
export function decodeUpdate(update: Element): MetaDataUpdate {
  const jid = update.attribute('jid') === undefined ? undefined : jidAttribute(update, 'jid').bare;
  return { jid, node: nodeOfAttributes(update), tags: decodeMetaTags(update) };
}

/** @throws MetaTagError for a bad tag name */
export function encodeSearch({ operators, offset, maxCount }: Search): Element {
  return discovery('search', { offset: offset === 0 ? undefined : offset, maxCount }, operators.map(encodeOperator));
}

/** @throws StanzaError bad-request */
export function decodeSearch(search: Element): Search {
  const operators = search.elements.map(decodeOperator);
  if (operators.length === 0) throw new StanzaError('bad-request', 'a search needs an operator');
  return {
    operators,
    offset: countAttribute(search, 'offset', 0) ?? 0,
    maxCount: countAttribute(search, 'maxCount', 1),
  };
}

export function encodeFound({ things, more }: SearchResult): Element {
  return discovery(
    'found',
    { more },
    things.map(({ jid, node, owner, tags }) =>
      xml(
        'thing',
        { owner: owner.bare.toString(), jid: jid.bare.toString(), ...nodeAttributes(node) },
        encodeMetaTags(tags),
      ),
    ),
  );
}

/** @throws StanzaError bad-request */
export function decodeFound(found: Element): SearchResult {
  return {
    things: found.childrenNamed('thing').map((thing) => ({
      jid: jidAttribute(thing, 'jid'),
      node: nodeOfAttributes(thing),
      owner: jidAttribute(thing, 'owner'),
      tags: decodeMetaTags(thing),
    })),
    more: booleanAttribute(found, 'more', false),
  };
}

function discovery(
  name: string,
  attributes: Record<string, string | number | boolean | undefined>,
  content?: readonly Element[],
): Element {
  return xml(name, { xmlns: DISCOVERY, ...attributes }, content);
}

function encodeMetaTags(tags: readonly MetaTag[]): readonly Element[] {
  return checkedTags(tags).map(({ type, name, value }) => xml(type, { name, value }));
}

function decodeMetaTags(parent: Element): readonly MetaTag[] {
  return asBadRequest(() =>
    checkedTags(
      parent.elements.flatMap((tag): MetaTag | readonly MetaTag[] => {
        if (tag.is('str', DISCOVERY))
          return { name: required(tag, 'name'), type: 'str', value: required(tag, 'value') };
        if (tag.is('num', DISCOVERY)) return { name: required(tag, 'name'), type: 'num', value: number(tag, 'value') };
        return [];
      }),
    ),
  );
}

function encodeOperator(condition: SearchOperator): Element {
  const name = tagName(condition.name);
  for (const text of Object.values(condition)) {
    if (typeof text === 'string' && !isXmlText(text)) {
      throw new MetaTagError('bad-tag-value', `the condition on ${name} has characters that XML does not allow`);
    }
  }
  if (condition.operator === 'strMask') {
    return xml('strMask', { name, value: condition.value, wildcard: condition.wildcard });
  }
  if ('value' in condition) return xml(condition.operator, { name, value: condition.value });
  const { operator, min, minIncluded, max, maxIncluded } = condition;
  return xml(operator, { name, min, minIncluded, max, maxIncluded });
}

function decodeOperator(element: Element): SearchOperator {
  const name = asBadRequest(() => tagName(required(element, 'name')));
  const operator = element.namespace === DISCOVERY ? element.name : '';
  if (isOneOf(STRING_COMPARISONS, operator)) return { operator, name, value: required(element, 'value') };
  if (isOneOf(NUMBER_COMPARISONS, operator)) return { operator, name, value: number(element, 'value') };
  if (operator === 'strMask') {
    const wildcard = required(element, 'wildcard');
    if (wildcard === '') throw new StanzaError('bad-request', 'the wildcard is empty');
    return { operator, name, value: required(element, 'value'), wildcard };
  }
  const ends = {
    name,
    minIncluded: booleanAttribute(element, 'minIncluded', true),
    maxIncluded: booleanAttribute(element, 'maxIncluded', true),
  };
  if (operator === 'strRange' || operator === 'strNRange') {
    return { operator, ...ends, min: required(element, 'min'), max: required(element, 'max') };
  }
  if (operator === 'numRange' || operator === 'numNRange') {
    return { operator, ...ends, min: number(element, 'min'), max: number(element, 'max') };
  }
  throw new StanzaError('bad-request', `<${element.name}/> is no search operator`);
}

function isOneOf<T extends string>(list: readonly T[], text: string): text is T {
  return (list as readonly string[]).includes(text);
}

function number(element: Element, name: string): number {
  const value = parseTagNumber(required(element, name));
  if (value === undefined) throw new StanzaError('bad-request', `the attribute ${name} must be a finite number`);
  return value;
}

function asBadRequest<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MetaTagError) throw new StanzaError('bad-request', error.message);
    throw error;
  }
}
