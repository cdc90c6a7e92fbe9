import { type ResultSetPage, type ResultSetRequest, StanzaError } from '@thingward/xmpp';

/**
 * The part of a list that is asked for.
 * @param uidOf what an entry is known by among the others
 * @param most entries in one page
 * @returns the entries, and which part they are; undefined when nobody asked and it is all
 * @throws StanzaError `item-not-found` when the part begins at an entry that is not there
 * @see XEP-0059
 */
export function paged<T>(
  all: readonly T[],
  uidOf: (entry: T) => string,
  request: ResultSetRequest | undefined,
  most: number,
): { readonly entries: readonly T[]; readonly page: ResultSetPage | undefined } {
  const size = Math.min(request?.max ?? most, most);
  const { start, end } = boundsOf(all, uidOf, request ?? {}, size);
  const entries = all.slice(start, end);
  if (!request && entries.length === all.length) return { entries, page: undefined };
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return { entries, page: { count: all.length } };
  return { entries, page: { first: uidOf(first), last: uidOf(last), index: start, count: all.length } };
}

function boundsOf<T>(
  all: readonly T[],
  uidOf: (entry: T) => string,
  { after, before, index }: ResultSetRequest,
  size: number,
): { readonly start: number; readonly end: number } {
  const placeOf = (uid: string) => {
    const place = all.findIndex((entry) => uidOf(entry) === uid);
    if (place === -1) throw new StanzaError('item-not-found', 'the page begins at an entry that is not there');
    return place;
  };
  if (before !== undefined) {
    const end = before === '' ? all.length : placeOf(before);
    return { start: Math.max(0, end - size), end };
  }
  const start = after !== undefined ? placeOf(after) + 1 : (index ?? 0);
  return { start, end: start + size };
}
