import type { EntitiesFile } from '../network/entities-file.ts';
import type { TypeAndId } from './cedar.ts';
import type { CompiledPolicy } from './compile.ts';
import type { PolicyBundle } from './policy-bundle.ts';
import type { PolicyProblem } from './policy-error.ts';

/** Names that are connected at the moment, beside those of `entities.yaml`. What is left out is not known, and not complained of. */
export interface ConnectedNames {
  /** Roles of accounts. */
  readonly groups?: Iterable<string>;
  readonly sites?: Iterable<string>;
  readonly interfaces?: Iterable<string>;
}

/** Warnings about groups, sites and interfaces that policies name and nobody and nothing is in: a typing error, mostly. */
export function unknownNames(
  { set, entities }: PolicyBundle,
  connected: ConnectedNames = {},
): readonly PolicyProblem[] {
  const known = {
    Group: { names: new Set([...groupsOf(entities), ...(connected.groups ?? [])]), isComplete: true },
    Site: {
      names: new Set([...sitesOf(entities), ...(connected.sites ?? [])]),
      isComplete: connected.sites !== undefined,
    },
    Interface: {
      names: new Set([...interfacesOf(entities), ...(connected.interfaces ?? [])]),
      isComplete: connected.interfaces !== undefined,
    },
  };
  return set.policies.flatMap((policy) =>
    namesOf(policy).flatMap(({ type, id }): readonly PolicyProblem[] => {
      if (!Object.hasOwn(known, type)) return [];
      const { names, isComplete } = known[type as keyof typeof known];
      // Groups of rosters are their owners' affair.
      if (!isComplete || names.has(id) || (type === 'Group' && id.includes('/'))) return [];
      return [problemAt(policy, `there is no ${type}::${JSON.stringify(id)}`, HELP[type as keyof typeof known])];
    }),
  );
}

const HELP = {
  Group: 'name it in entities.yaml, or give accounts that role',
  Site: 'name it in entities.yaml, or in a meta tag of a Thing',
  Interface: 'name it in entities.yaml, or in the meta tag INTERFACES of a Thing',
} as const;

function problemAt({ id, at }: CompiledPolicy, message: string, help: string): PolicyProblem {
  const colon = at.lastIndexOf(':');
  const place = { file: at.slice(0, colon), line: Number(at.slice(colon + 1)), column: 1 };
  return { severity: 'warning', ...place, policy: id, message, help };
}

/** Entities that a policy names, in its head and in its conditions, each once. */
function namesOf({ scope, use }: CompiledPolicy): readonly TypeAndId[] {
  const inConditions = [...use.named].flatMap((uid): readonly TypeAndId[] => {
    const [, type, id] = /^(\w+)::(".*")$/s.exec(uid) ?? [];
    return type === undefined || id === undefined ? [] : [{ type, id: JSON.parse(id) as string }];
  });
  const all = new Map([...scope.named, ...inConditions].map((name) => [`${name.type}\n${name.id}`, name]));
  return [...all.values()];
}

function groupsOf({ groups, groupsIn }: EntitiesFile): readonly string[] {
  return [...Object.keys(groups), ...Object.keys(groupsIn), ...Object.values(groupsIn).flat()];
}

function sitesOf({ sites, things }: EntitiesFile): readonly string[] {
  const inThings = Object.values(things).flatMap((thing) => [thing, ...Object.values(thing.nodes)]);
  return [
    ...Object.entries(sites).flatMap(([site, { in: above }]) => [site, ...above]),
    ...inThings.flatMap(({ sites: own }) => own),
  ];
}

function interfacesOf({ things }: EntitiesFile): readonly string[] {
  return Object.values(things)
    .flatMap((thing) => [thing, ...Object.values(thing.nodes)])
    .flatMap(({ interfaces }) => interfaces);
}
