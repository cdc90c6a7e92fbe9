/** A set of characters: ranges of code points, sorted, apart from each other. */
export type CharacterSet = readonly CharacterRange[];
export type CharacterRange = readonly [first: number, last: number];

/** Char of XML 1.0 §2.2. */
export const XML_CHARACTERS: CharacterSet = [
  [0x09, 0x0a],
  [0x0d, 0x0d],
  [0x20, 0xd7ff],
  [0xe000, 0xfffd],
  [0x10000, 0x10ffff],
];

/** The set of these ranges, which may be in any order and overlap. */
export function characterSet(ranges: readonly CharacterRange[]): CharacterSet {
  const sorted = ranges.toSorted(([a], [b]) => a - b);
  const set: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = set.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else set.push([first, last]);
  }
  return set;
}

/** Characters of `set` that are not in `other`. */
export function withoutCharacters(set: CharacterSet, other: CharacterSet): CharacterSet {
  const left: CharacterRange[] = [];
  let index = 0;
  for (const [first, last] of set) {
    let start = first;
    while (index < other.length && (other[index] as CharacterRange)[1] < start) index++;
    for (let i = index; i < other.length && start <= last; i++) {
      const [from, to] = other[i] as CharacterRange;
      if (from > last) break;
      if (from > start) left.push([start, from - 1]);
      start = to + 1;
    }
    if (start <= last) left.push([start, last]);
  }
  return left;
}

export function characterCount(set: CharacterSet): number {
  return set.reduce((count, [first, last]) => count + last - first + 1, 0);
}

/** Its code points, in order. */
export function codePoints(set: CharacterSet): number[] {
  return set.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}
