/** First and last address, both included. */
export type AddressRange = readonly [first: number, last: number];

/** Ranges that are kept of one table; when there are more, the two nearest become one. */
export const MAX_RANGES = 64;

export function covers(ranges: readonly AddressRange[], [first, last]: AddressRange): boolean {
  return ranges.some(([from, to]) => from <= first && last <= to);
}

/** With another range, in order, those that touch made one. */
export function withRange(ranges: readonly AddressRange[], added: AddressRange): readonly AddressRange[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges, added].sort(([a], [b]) => a - b)) {
    const before = merged.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  while (merged.length > MAX_RANGES) {
    let nearest = 1;
    const gap = (i: number) => (merged[i]?.[0] ?? 0) - (merged[i - 1]?.[1] ?? 0);
    for (let i = 2; i < merged.length; i++) if (gap(i) < gap(nearest)) nearest = i;
    const [, last] = merged.splice(nearest, 1)[0] as [number, number];
    (merged[nearest - 1] as [number, number])[1] = last;
  }
  return merged;
}
