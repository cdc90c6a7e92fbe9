import type { ChannelResource, NcapResource, ThingNode, TimResource, TreeChange } from '@thingward/ieee1451/mcap';
import { nodeKey } from '@thingward/things';

/** Which Things of an NCAP somebody may read: keys of their nodes; or all of them. */
export type Readable = ReadonlySet<string> | 'all';

/** As much of an NCAP as somebody may read; undefined when that is nothing. */
export function visibleNcap(ncap: NcapResource, readable: Readable): NcapResource | undefined {
  if (readable === 'all') return ncap;
  const may = (node: ThingNode | undefined) => readable.has(nodeKey(node));
  const tims = ncap.tims.flatMap((tim): readonly TimResource[] => {
    const channels = tim.channels.filter(({ node }) => may(node));
    return channels.length > 0 || may(tim.node) ? [{ ...tim, channels }] : [];
  });
  const things = ncap.things.filter(({ node }) => may(node));
  return tims.length > 0 || things.length > 0 ? { ...ncap, tims, things } : undefined;
}

/** The channel of an address; undefined where there is none. */
export function findChannel(ncap: NcapResource, tim: string, number: number): ChannelResource | undefined {
  return ncap.tims.find(({ id }) => id === tim)?.channels.find((channel) => channel.number === number);
}

/** What is told to somebody who saw an NCAP as it was before, or did not see it, and sees it as it is now, or no longer. */
export function treeChanges(
  before: NcapResource | undefined,
  after: NcapResource | undefined,
  reason?: string,
): readonly TreeChange[] {
  const why = reason === undefined ? {} : { reason };
  if (!after?.isPresent) {
    if (!before?.isPresent) return [];
    return [{ kind: 'left', ncap: { ...(after ?? before), isPresent: false, tims: [], things: [] }, ...why }];
  }
  const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (!before?.isPresent || before.name !== after.name || !isSame(before.things, after.things)) {
    return [{ kind: 'joined', ncap: after }];
  }
  const earlier = new Map(before.tims.map((tim) => [tim.id, tim]));
  const joined = after.tims.filter((tim) => tim.isPresent && !isSame(earlier.get(tim.id), tim));
  const later = new Map(after.tims.map((tim) => [tim.id, tim]));
  const left = before.tims.flatMap((tim) => {
    const now = later.get(tim.id);
    return tim.isPresent && !now?.isPresent ? [{ ...(now ?? tim), isPresent: false }] : [];
  });
  return [
    ...(left.length > 0 ? [{ kind: 'left' as const, ncap: { ...after, tims: left, things: [] }, ...why }] : []),
    ...(joined.length > 0 ? [{ kind: 'joined' as const, ncap: { ...after, tims: joined, things: [] } }] : []),
  ];
}
