import type { Owners } from './owners.ts';

/** What the registry knows goes before what Things say themselves, such as those of other servers do. */
export function combinedOwners(registry: Owners, told: Owners): Owners {
  return {
    ownerOf: async (thing) => (await registry.ownerOf(thing)) ?? told.ownerOf(thing),
    ownersBehind: async (jid) => {
      const known = await registry.ownersBehind(jid);
      return known.length > 0 ? known : told.ownersBehind(jid);
    },
    knowsOf: async (owner, jid) =>
      (await registry.ownersBehind(jid)).includes(owner) || (await told.knowsOf(owner, jid)),
    confirm: async (owner, jid) => told.confirm?.(owner, jid),
    told: async (thing, owner) => (await told.told?.(thing, owner)) ?? false,
  };
}
