import { type Element, xml } from '@thingward/xml';
import { StanzaError } from './stanza-error.ts';

export const RESULT_SET = 'http://jabber.org/protocol/rsm';

/** Which part of a result somebody asks for. @see XEP-0059 §2 */
export interface ResultSetRequest {
  /** Most entries wanted; undefined: as many as the other side likes. 0 asks for the count alone. */
  readonly max?: number | undefined;
  /** Only what follows this entry. */
  readonly after?: string | undefined;
  /** Only what precedes this entry; '' for the last page. */
  readonly before?: string | undefined;
  /** The page that begins at this place, from 0. */
  readonly index?: number | undefined;
}

/** Which part of a result this is. @see XEP-0059 §2.2 */
export interface ResultSetPage {
  /** Undefined when the page is empty. */
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  /** Place of the first entry in the whole, from 0. */
  readonly index?: number | undefined;
  /** Entries in the whole. */
  readonly count?: number | undefined;
}

/** The request among the children of an element; undefined when there is none. @throws StanzaError `bad-request` */
export function findResultSetRequest(parent: Element): ResultSetRequest | undefined {
  const set = parent.child('set', RESULT_SET);
  return set && decodeResultSetRequest(set);
}

/** @throws StanzaError `bad-request` */
export function decodeResultSetRequest(set: Element): ResultSetRequest {
  return {
    max: numberOf(set, 'max'),
    after: set.child('after')?.text,
    before: set.child('before')?.text,
    index: numberOf(set, 'index'),
  };
}

export function encodeResultSetRequest({ max, after, before, index }: ResultSetRequest): Element {
  return xml(
    'set',
    { xmlns: RESULT_SET },
    textElement('max', max),
    textElement('after', after),
    textElement('before', before),
    textElement('index', index),
  );
}

export function encodeResultSetPage({ first, last, index, count }: ResultSetPage): Element {
  return xml(
    'set',
    { xmlns: RESULT_SET },
    first === undefined ? undefined : xml('first', { index }, first),
    textElement('last', last),
    textElement('count', count),
  );
}

/** @throws StanzaError `bad-request` */
export function decodeResultSetPage(set: Element): ResultSetPage {
  const first = set.child('first');
  return {
    first: first?.text,
    last: set.child('last')?.text,
    index: first && toNumber(first.attribute('index'), 'index'),
    count: numberOf(set, 'count'),
  };
}

function textElement(name: string, value: string | number | undefined): Element | undefined {
  return value === undefined ? undefined : xml(name, {}, String(value));
}

function numberOf(set: Element, name: string): number | undefined {
  return toNumber(set.child(name)?.text, name);
}

function toNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new StanzaError('bad-request', `<${name}/> of a result set is a number`);
  return Number(text);
}
