import { type Element, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';
import {
  booleanAttribute,
  decodeNode,
  expectElement,
  flagAttribute,
  outgoingNode,
  outgoingText,
  PayloadError,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import { parseInt32 } from '../thing/xml-schema-values.ts';
import { checkedTags, MetaTagError, parseTagNumber, tagName } from './meta-data.ts';
import { KEY_TAG, type MetaTag } from './meta-tag.ts';
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
  /** The node that is meant, where the schema lets a claim name one; undefined: whichever Thing has these tags. */
  readonly node?: NodeReference | undefined;
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

/** @throws MetaTagError, PayloadError for what can't be written */
export function encodeRegister({ node, tags, selfOwned }: Registration): Element {
  return discovery(
    'register',
    { ...nodeAttributes(node), selfOwned: selfOwned ? true : undefined },
    encodeMetaTags(tags),
  );
}

/** @throws PayloadError */
export function decodeRegister(register: Element): Registration {
  expectElement(register, 'register', DISCOVERY);
  return {
    node: decodeNode(register, 'register'),
    tags: decodeMetaTags(register, 'register'),
    selfOwned: flagAttribute(register, 'selfOwned', 'register'),
  };
}

/** @throws MetaTagError, PayloadError for what can't be written */
export function encodeMine(claim: Claim): Element {
  const isPublic = { public: claim.public ? undefined : false };
  return discovery('mine', { ...nodeAttributes(claim.node), ...isPublic }, encodeMetaTags(claim.tags));
}

/** @throws PayloadError */
export function decodeMine(mine: Element): Claim {
  expectElement(mine, 'mine', DISCOVERY);
  return {
    node: decodeNode(mine, 'mine'),
    tags: decodeMetaTags(mine, 'mine'),
    public: booleanAttribute(mine, 'public', 'mine') ?? true,
  };
}

export function encodeClaimed(claimed: Claimed): Element {
  const attributes = { jid: claimed.jid.bare.toString(), ...nodeAttributes(claimed.node) };
  return discovery('claimed', { ...attributes, public: claimed.public ? undefined : false });
}

/** @throws PayloadError */
export function decodeClaimed(claimed: Element): Claimed {
  expectElement(claimed, 'claimed', DISCOVERY);
  return {
    ...decodeReference(claimed, 'claimed'),
    public: booleanAttribute(claimed, 'public', 'claimed') ?? true,
  };
}

export function encodeRemove({ jid, node }: ThingReference): Element {
  return discovery('remove', { jid: jid.bare.toString(), ...nodeAttributes(node) });
}

export function encodeDisown({ jid, node }: ThingReference): Element {
  return discovery('disown', { jid: jid.bare.toString(), ...nodeAttributes(node) });
}

/** @throws PayloadError */
export function decodeRemove(remove: Element): ThingReference {
  expectElement(remove, 'remove', DISCOVERY);
  return decodeReference(remove, 'remove');
}

/** @throws PayloadError */
export function decodeDisown(disown: Element): ThingReference {
  expectElement(disown, 'disown', DISCOVERY);
  return decodeReference(disown, 'disown');
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

/** Reads the node that `<removed/>`, `<disowned/>` and `<unregister/>` name; undefined: the JID itself. @throws PayloadError */
export function decodeNodeInfo(element: Element): NodeReference | undefined {
  return decodeNode(element, element.name);
}

/** @throws MetaTagError, PayloadError for what can't be written */
export function encodeUpdate({ jid, node, tags }: MetaDataUpdate): Element {
  return discovery('update', { jid: jid?.bare.toString(), ...nodeAttributes(node) }, encodeMetaTags(tags));
}

/** @throws PayloadError */
export function decodeUpdate(update: Element): MetaDataUpdate {
  expectElement(update, 'update', DISCOVERY);
  const jid = update.attribute('jid') === undefined ? undefined : bareJid(update, 'jid', 'update');
  return { jid, node: decodeNode(update, 'update'), tags: decodeMetaTags(update, 'update') };
}

/** @throws MetaTagError for a bad tag name, PayloadError for what can't be written */
export function encodeSearch({ operators, offset, maxCount }: Search): Element {
  return discovery('search', { offset: offset === 0 ? undefined : offset, maxCount }, operators.map(encodeOperator));
}

/** @throws PayloadError */
export function decodeSearch(search: Element): Search {
  expectElement(search, 'search', DISCOVERY);
  const operators = search.elements.map(decodeOperator);
  if (operators.length === 0) throw new PayloadError('missing-attribute', 'search', 'a search needs an operator');
  return { operators, offset: count(search, 'offset', 0) ?? 0, maxCount: count(search, 'maxCount', 1) };
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

/** @throws PayloadError */
export function decodeFound(found: Element): SearchResult {
  expectElement(found, 'found', DISCOVERY);
  return {
    things: found.childrenNamed('thing').map((thing, i) => {
      const path = `found/thing[${i + 1}]`;
      return {
        ...decodeReference(thing, path),
        owner: bareJid(thing, 'owner', path),
        tags: decodeMetaTags(thing, path),
      };
    }),
    more: flagAttribute(found, 'more', 'found'),
  };
}

function discovery(
  name: string,
  attributes: Record<string, string | number | boolean | undefined>,
  content?: readonly Element[],
): Element {
  return xml(name, { xmlns: DISCOVERY, ...attributes }, content);
}

function nodeAttributes(node: NodeReference | undefined): Record<string, string | undefined> {
  return node === undefined ? {} : outgoingNode(node, 'node');
}

function encodeMetaTags(tags: readonly MetaTag[]): readonly Element[] {
  return checkedTags(tags).map(({ type, name, value }) => xml(type, { name, value }));
}

function decodeMetaTags(parent: Element, parentPath: string): readonly MetaTag[] {
  const tags = parent.elements.flatMap((element, i): MetaTag | readonly MetaTag[] => {
    const path = `${parentPath}/${element.name}[${i + 1}]`;
    const name = () => requiredAttribute(element, 'name', path);
    if (element.is('str', DISCOVERY)) {
      return { name: name(), type: 'str', value: requiredAttribute(element, 'value', path) };
    }
    return element.is('num', DISCOVERY) ? { name: name(), type: 'num', value: number(element, 'value', path) } : [];
  });
  return following(parentPath, () => checkedTags(tags));
}

function decodeReference(element: Element, path: string): ThingReference {
  return { jid: bareJid(element, 'jid', path), node: decodeNode(element, path) };
}

function encodeOperator(condition: SearchOperator): Element {
  const { operator } = condition;
  const name = tagName(condition.name);
  for (const text of Object.values(condition)) if (typeof text === 'string') outgoingText(text, operator);
  if (operator === 'strMask') return xml(operator, { name, value: condition.value, wildcard: condition.wildcard });
  if ('value' in condition) return xml(operator, { name, value: condition.value });
  const { min, minIncluded, max, maxIncluded } = condition;
  return xml(operator, { name, min, minIncluded, max, maxIncluded });
}

function decodeOperator(element: Element, i: number): SearchOperator {
  const path = `search/${element.name}[${i + 1}]`;
  const text = (attribute: string) => requiredAttribute(element, attribute, path);
  const name = following(`${path}/@name`, () => tagName(text('name')));
  const operator = element.namespace === DISCOVERY ? element.name : '';
  if (isOneOf(STRING_COMPARISONS, operator)) return { operator, name, value: text('value') };
  if (isOneOf(NUMBER_COMPARISONS, operator)) return { operator, name, value: number(element, 'value', path) };
  if (operator === 'strMask') {
    const wildcard = valid(text('wildcard') || undefined, `${path}/@wildcard`, 'a character', '');
    return { operator, name, value: text('value'), wildcard };
  }
  const ends = {
    name,
    minIncluded: booleanAttribute(element, 'minIncluded', path) ?? true,
    maxIncluded: booleanAttribute(element, 'maxIncluded', path) ?? true,
  };
  if (operator === 'strRange' || operator === 'strNRange') {
    return { operator, ...ends, min: text('min'), max: text('max') };
  }
  if (operator === 'numRange' || operator === 'numNRange') {
    return { operator, ...ends, min: number(element, 'min', path), max: number(element, 'max', path) };
  }
  throw new PayloadError('unexpected-element', path, 'this is no search operator');
}

function isOneOf<T extends string>(list: readonly T[], text: string): text is T {
  return (list as readonly string[]).includes(text);
}

function number(element: Element, name: string, path: string): number {
  const text = requiredAttribute(element, name, path);
  // What is wrong is quoted, but for a KEY: errors are written down in places.
  const isSecret = element.attribute('name')?.toUpperCase() === KEY_TAG;
  return valid(parseTagNumber(text), `${path}/@${name}`, 'a finite number', isSecret ? '...' : text);
}

/** An integer from `min` to 2^31 - 1; undefined when it is not there. */
function count(element: Element, name: string, min: number): number | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const value = parseInt32(text);
  const inRange = value !== undefined && value >= min ? value : undefined;
  return valid(inRange, `${element.name}/@${name}`, `an integer of at least ${min}`, text);
}

function bareJid(element: Element, name: string, path: string): Jid {
  const text = requiredAttribute(element, name, path);
  return valid(Jid.tryParse(text), `${path}/@${name}`, 'a JID', text).bare;
}

/** Turns the words of a rule about tags into those of a payload that breaks it. */
function following<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof MetaTagError) throw new PayloadError('invalid-value', path, error.message);
    throw error;
  }
}
