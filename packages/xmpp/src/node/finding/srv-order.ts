/** What of an SRV record decides when it is tried. */
export interface SrvRank {
  readonly priority: number;
  readonly weight: number;
}

/**
 * The records in the order in which they are to be tried: lowest priority first; within one, chance decides by weight.
 * @param random from 0 to below 1
 * @see RFC 2782, Usage rules
 */
export function inSrvOrder<T extends SrvRank>(records: readonly T[], random: () => number): readonly T[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) => {
    // Those without weight come first, so that they are drawn when chance says zero, and hardly ever else.
    const left = records.filter((record) => record.priority === priority).sort((a, b) => a.weight - b.weight);
    const drawn: T[] = [];
    while (left.length > 0) {
      const chosen = Math.floor(random() * (left.reduce((sum, { weight }) => sum + weight, 0) + 1));
      let sum = 0;
      const at = left.findIndex(({ weight }) => {
        sum += weight;
        return sum >= chosen;
      });
      drawn.push(...left.splice(at, 1));
    }
    return drawn;
  });
}
