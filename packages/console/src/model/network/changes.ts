import type { NcapResource, TimResource, TreeChange } from '@thingward/ieee1451/mcap';

/** The NCAPs after a change, by name. What has left stays, as absent: it is to be seen that it was there. */
export function applyChange(ncaps: readonly NcapResource[], change: TreeChange, now: Date): readonly NcapResource[] {
  const before = ncaps.find(({ id }) => id === change.ncap.id);
  const after = change.kind === 'joined' ? joined(before, change.ncap, now) : left(before, change.ncap, now);
  return sortNcaps([...ncaps.filter(({ id }) => id !== change.ncap.id), after]);
}

/** By name, and those of one name always in the same order. */
export function sortNcaps(ncaps: readonly NcapResource[]): readonly NcapResource[] {
  return ncaps.toSorted((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

/** An NCAP that was away tells everything it has; one that is there, the TIMs that came. */
function joined(before: NcapResource | undefined, ncap: NcapResource, now: Date): NcapResource {
  const tims = ncap.tims.map((tim) => ({ ...tim, since: tim.since ?? now }));
  if (!before?.isPresent) return { ...ncap, isPresent: true, since: ncap.since ?? now, tims };
  return {
    ...before,
    ...ncap,
    isPresent: true,
    since: ncap.since ?? before.since ?? now,
    tims: withTims(before.tims, tims),
    things: ncap.things.length > 0 ? ncap.things : before.things,
  };
}

/** Names, from the NCAP down, of what a change made come or go; nothing where only what it is has changed. */
export function comings(before: readonly NcapResource[], { kind, ncap }: TreeChange): readonly (readonly string[])[] {
  const known = before.find(({ id }) => id === ncap.id);
  const wasHere = known?.isPresent ?? false;
  const wasTimHere = (tim: TimResource) =>
    wasHere && known?.tims.some(({ id, isPresent }) => id === tim.id && isPresent);
  const isNcapItself = kind === 'joined' ? !wasHere : wasHere && ncap.tims.length === 0;
  const concerned = kind === 'left' && isNcapItself ? (known?.tims ?? []) : ncap.tims;
  const tims = concerned.filter((tim) => (kind === 'left' ? wasTimHere(tim) : tim.isPresent && !wasTimHere(tim)));
  return [...(isNcapItself ? [[ncap.name]] : []), ...tims.map(({ name }) => [ncap.name, name])];
}

/** With TIMs it is they that left; without, it is the NCAP. */
function left(before: NcapResource | undefined, ncap: NcapResource, now: Date): NcapResource {
  const known = before ?? ncap;
  const away = (tim: TimResource, at = now): TimResource => ({ ...tim, isPresent: false, since: at });
  if (ncap.tims.length > 0) {
    const gone = ncap.tims.map((tim) => {
      const was = known.tims.find(({ id }) => id === tim.id);
      return away({ ...was, ...tim, channels: tim.channels.length > 0 ? tim.channels : (was?.channels ?? []) });
    });
    return { ...known, tims: withTims(known.tims, gone) };
  }
  return {
    ...known,
    isPresent: false,
    since: ncap.since ?? now,
    tims: known.tims.map((tim) => (tim.isPresent ? away(tim) : tim)),
  };
}

/** Those that are known keep their place. */
function withTims(known: readonly TimResource[], changed: readonly TimResource[]): readonly TimResource[] {
  const isKnown = ({ id }: TimResource) => known.some((tim) => tim.id === id);
  return [
    ...known.map((tim) => changed.find(({ id }) => id === tim.id) ?? tim),
    ...changed.filter((tim) => !isKnown(tim)),
  ];
}
