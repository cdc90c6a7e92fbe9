import { type Element, parseElement } from '@thingward/xml';
import { NS } from '@thingward/xmpp';

/** What is said about an element rather than being part of it. */
const SAYING = 'urn:thingward:conformance';

/** What a pattern has learned: names and values. */
export type Captures = ReadonlyMap<string, string>;

/** @throws XmlError */
export function parsePatterns(text: string): readonly Element[] {
  return parseElement(`<is:patterns>${text}</is:patterns>`, { '': NS.client, stream: NS.stream, is: SAYING }).elements;
}

/**
 * Is the element as the pattern says? Names are compared with their namespaces, attributes and children in any order; what the pattern
 * does not mention does not matter, unless it says `is:only`.
 *
 * - values: `{any}` is there; `{none}` is not; `{new NAME}` is there and remembered; `{either A|B}`; `{not A}`;
 *   `{like REGEX}`: the whole of it matches a regular expression
 * - `<is:absent>…</is:absent>`: no child is like any of these
 * - `<is:either>…</is:either>`: a child is like one of these
 * - `is:only='children'`, `'attributes'` or `'all'`: there are no others
 * @returns what was captured; undefined when it is not
 */
export function match(actual: Element, pattern: Element): Captures | undefined {
  const captures = new Map<string, string>();
  return matches(actual, pattern, captures) ? captures : undefined;
}

function matches(actual: Element, pattern: Element, captures: Map<string, string>): boolean {
  if (!actual.is(pattern.name, pattern.namespace)) return false;
  const only = pattern.attribute(`{${SAYING}}only`);
  for (const [name, wanted] of Object.entries(pattern.attributes)) {
    if (!name.startsWith(`{${SAYING}}`) && !valueMatches(actual.attribute(name), wanted, captures)) return false;
  }
  if (only === 'attributes' || only === 'all') {
    if (Object.keys(actual.attributes).some((name) => pattern.attribute(name) === undefined)) return false;
  }
  const text = pattern.text.trim();
  if (text !== '' && !valueMatches(actual.text || undefined, text, captures)) return false;
  return childrenMatch(actual, pattern, only === 'children' || only === 'all', captures);
}

function childrenMatch(actual: Element, pattern: Element, only: boolean, captures: Map<string, string>): boolean {
  const left = [...actual.elements];
  const take = (wanted: Element): boolean => {
    const at = left.findIndex((child) => remembering(captures, (trial) => matches(child, wanted, trial)));
    if (at === -1) return false;
    left.splice(at, 1);
    return true;
  };
  for (const wanted of pattern.elements) {
    if (wanted.is('absent', SAYING)) {
      if (wanted.elements.some((unwanted) => actual.elements.some((child) => match(child, unwanted)))) return false;
    } else if (wanted.is('either', SAYING)) {
      if (!wanted.elements.some(take)) return false;
    } else if (!take(wanted)) return false;
  }
  return !only || left.length === 0;
}

/** Captures count only where the whole is as it should be. */
function remembering(captures: Map<string, string>, attempt: (trial: Map<string, string>) => boolean): boolean {
  const trial = new Map(captures);
  if (!attempt(trial)) return false;
  for (const [name, value] of trial) captures.set(name, value);
  return true;
}

function valueMatches(actual: string | undefined, wanted: string, captures: Map<string, string>): boolean {
  const [, word, argument = ''] = /^\{(any|none|new|either|not|like)(?: (.*))?\}$/s.exec(wanted) ?? [];
  switch (word) {
    case undefined:
      return actual === wanted;
    case 'none':
      return actual === undefined;
    case 'any':
      return actual !== undefined;
    case 'either':
      return argument
        .split('|')
        .some((choice) => valueMatches(actual, choice === 'none' ? '{none}' : choice, captures));
    case 'like':
      return actual !== undefined && new RegExp(`^(?:${argument})$`, 'u').test(actual);
    case 'not':
      return actual !== argument;
    default:
      if (actual === undefined) return false;
      captures.set(argument, actual);
      return true;
  }
}
