import { type ActionName, type ResourceReference, resourceId } from '../operation.ts';
import type { TypeAndId } from '../policy/cedar.ts';
import { type KnownEntity, knownEntity } from '../policy/known-entity.ts';
import type { EntitiesFile } from './entities-file.ts';
import type { LiveFacts, Relation } from './live-facts.ts';

/** Meta tags that say where a Thing is: those of XEP-0347, and `SITE`. @see XEP-0347 §3.5 */
export const PLACE_TAGS = ['SITE', 'ROOM', 'APT', 'BLD', 'AREA', 'CITY', 'REGION', 'COUNTRY'] as const;
/** Meta tag with names of interfaces, apart by commas or spaces. */
export const INTERFACES_TAG = 'INTERFACES';
const TEXT_TAGS = { MAN: 'manufacturer', MODEL: 'model', TYPE: 'type', CLASS: 'class' } as const;
const MAX_KNOWN = 20_000;
const MAX_GROUP_DEPTH = 20;

/** All that policies may ask about one principal and one resource. */
export interface KnownPair {
  readonly principal: KnownEntity;
  readonly resource: KnownEntity;
  readonly isFriend: boolean;
  readonly ownerAllows: (action: ActionName, name: string | undefined) => boolean;
}

/** Entities for policies, made of what files say and what is connected; kept until told that something has changed. */
export class KnownNetwork {
  readonly #file: EntitiesFile;
  readonly #facts: LiveFacts;
  readonly #pairs = new Map<string, KnownPair>();
  /** Resources of these pairs, by what is theirs in the names of pairs. */
  readonly #resources = new Map<string, KnownEntity>();
  readonly #groupsOf: ReadonlyMap<string, readonly string[]>;
  /** Grows with each change, so that what was looked up before it is not kept. */
  #epoch = 0;

  constructor(file: EntitiesFile, facts: LiveFacts) {
    this.#file = file;
    this.#facts = facts;
    const groups = new Map<string, string[]>();
    for (const [group, members] of Object.entries(file.groups)) {
      for (const member of members) groups.set(member, [...(groups.get(member) ?? []), group]);
    }
    this.#groupsOf = groups;
  }

  get file(): EntitiesFile {
    return this.#file;
  }

  /** Are there policies about a bare JID: is it in the registry or in the file? */
  isGuarded(jid: string): boolean {
    return Object.hasOwn(this.#file.things, jid) || this.#facts.isRegistered(jid);
  }

  nodesOf(jid: string): readonly string[] {
    const inFile = Object.keys(this.#fileThing(jid)?.nodes ?? {});
    return [...new Set([...inFile, ...this.#facts.nodesOf(jid)])];
  }

  /** The nodes that are parts of a node, and their parts, as far as the file says so. */
  partsOf(jid: string, node: string): readonly string[] {
    const nodes = Object.entries(this.#fileThing(jid)?.nodes ?? {});
    const parts = new Set<string>();
    const visit = (parent: string): void => {
      for (const [part, entry] of nodes) {
        if (entry.parent !== parent || parts.has(part)) continue;
        parts.add(part);
        visit(part);
      }
    };
    visit(node);
    parts.delete(node);
    return [...parts];
  }

  /** Is somebody in a group of the file, directly or not? */
  isIn(jid: string, group: string): boolean {
    return this.#groups(jid, []).some(({ id }) => id === group);
  }

  /** Accounts in a group of the file. */
  membersOf(group: string): readonly string[] {
    const all = new Set([...Object.values(this.#file.groups).flat(), ...(this.#facts.roleHolders?.() ?? [])]);
    return [...all].filter((jid) => jid.includes('@') && this.isIn(jid, group));
  }

  /** @param principal bare JID */
  pair(principal: string, resource: ResourceReference): KnownPair | Promise<KnownPair> {
    const resourceKey = `${resource.kind}\n${resource.jid}\n${resource.node ?? ''}`;
    const key = `${principal}\n${resourceKey}`;
    const known = this.#pairs.get(key);
    if (known) return known;
    const owner = this.#ownerOf(resource);
    const relation = this.#facts.relation(principal, resource.jid, resource.node, owner);
    const epoch = this.#epoch;
    const keep = (found: Relation): KnownPair => {
      // What all who ask have in common is made once, where it is kept at all.
      const known = epoch === this.#epoch && !found.isFleeting ? this.#resources.get(resourceKey) : undefined;
      const pair = this.#make(principal, known ?? this.#resource(resource, owner), owner, found);
      if (epoch === this.#epoch && !found.isFleeting) {
        if (this.#pairs.size >= MAX_KNOWN) {
          this.#pairs.clear();
          this.#resources.clear();
        }
        this.#pairs.set(key, pair);
        this.#resources.set(resourceKey, pair.resource);
      }
      return pair;
    };
    return relation instanceof Promise ? relation.then(keep) : keep(relation);
  }

  /** Something has changed: owners, rosters, rules. */
  forget(): void {
    this.#epoch++;
    this.#pairs.clear();
    this.#resources.clear();
  }

  #make(principal: string, resource: KnownEntity, owner: string | undefined, relation: Relation): KnownPair {
    const rosterGroups = owner === undefined ? [] : relation.rosterGroups.map((group) => `${owner}/${group}`);
    return {
      principal: this.#account(principal, rosterGroups),
      resource,
      isFriend: relation.isFriend,
      ownerAllows: relation.ownerAllows,
    };
  }

  #account(jid: string, rosterGroups: readonly string[]): KnownEntity {
    const domain = domainOf(jid);
    return knownEntity('Account', jid, {
      parents: this.#groups(jid, rosterGroups),
      attributes: { domain, isLocal: this.#facts.isLocal(domain) },
    });
  }

  #groups(jid: string, others: readonly string[]): readonly TypeAndId[] {
    const roles = this.#facts.rolesOf?.(jid) ?? [];
    const inFile = [...(this.#groupsOf.get(jid) ?? []), ...(this.#groupsOf.get(domainOf(jid)) ?? [])];
    const direct = [...inFile, ...roles, ...others];
    return closure(direct, (group) => this.#file.groupsIn[group] ?? []).map((id) => ({ type: 'Group', id }));
  }

  #resource(reference: ResourceReference, owner: string | undefined): KnownEntity {
    const { kind, jid, node } = reference;
    const domain = domainOf(jid);
    const type = kind === 'thing' ? 'Thing' : 'Service';
    const inFile = this.#fileThing(jid);
    const nodeInFile = node === undefined ? undefined : own(inFile?.nodes, node);
    const { tags = {}, interfaces: told = [] } = this.#facts.thing(jid, node) ?? {};
    const places = PLACE_TAGS.flatMap((tag) => tags[tag] ?? []);
    const sites = closure(
      [...(inFile?.sites ?? []), ...(nodeInFile?.sites ?? []), ...places],
      (site) => own(this.#file.sites, site)?.in ?? [],
    );
    const interfaces = new Set([
      ...(inFile?.interfaces ?? []),
      ...(nodeInFile?.interfaces ?? []),
      ...interfaceNames(tags[INTERFACES_TAG] ?? ''),
      ...told,
    ]);
    const above = node === undefined ? [] : [undefined, ...this.#above(jid, node)];
    const account = knownEntity('Account', jid, {
      parents: this.#groups(jid, []),
      attributes: { domain, isLocal: this.#facts.isLocal(domain) },
    });
    const ownerEntity = owner === undefined ? undefined : this.#account(owner, []);
    const texts = Object.entries(TEXT_TAGS).flatMap(([tag, attribute]) => {
      const text = tags[tag];
      return text === undefined ? [] : [[attribute, text] as const];
    });
    return knownEntity(type, resourceId(reference), {
      parents: [
        ...above.map((parent) => ({ type, id: resourceId({ kind, jid, node: parent }) })),
        ...sites.map((id) => ({ type: 'Site', id })),
        ...(type === 'Thing' ? [...interfaces].map((id) => ({ type: 'Interface', id })) : []),
      ],
      attributes: {
        jid,
        ...(node === undefined ? {} : { node }),
        domain,
        account: { __entity: { type: 'Account', id: jid } },
        ...(owner === undefined ? {} : { owner: { __entity: { type: 'Account', id: owner } } }),
        isGuarded: this.isGuarded(jid),
        ...(type === 'Thing' ? Object.fromEntries(texts) : {}),
      },
      related: ownerEntity && ownerEntity.id !== jid ? [account, ownerEntity] : [account],
    });
  }

  /** Nodes a node is part of, nearest first. */
  #above(jid: string, node: string): readonly string[] {
    const nodes = this.#fileThing(jid)?.nodes;
    return closure([node], (one) => {
      const parent = own(nodes, one)?.parent;
      return parent === undefined ? [] : [parent];
    }).slice(1);
  }

  /** What the registry says counts before what a file says: a Thing that was sold on belongs to who has it. */
  #ownerOf({ jid, node }: ResourceReference): string | undefined {
    const registered = this.#facts.thing(jid, node) ?? this.#facts.thing(jid, undefined);
    return registered?.owner ?? this.#fileThing(jid)?.owner;
  }

  #fileThing(jid: string): EntitiesFile['things'][string] | undefined {
    return own(this.#file.things, jid);
  }
}

/** The names in a tag. */
export function interfaceNames(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '');
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function domainOf(jid: string): string {
  return jid.slice(jid.indexOf('@') + 1);
}

/** All that can be reached, in order, each once. */
function closure(first: readonly string[], next: (one: string) => readonly string[]): readonly string[] {
  const found = new Set(first);
  let layer: readonly string[] = first;
  for (let depth = 0; layer.length > 0 && depth < MAX_GROUP_DEPTH; depth++) {
    layer = layer.flatMap(next).filter((one) => !found.has(one));
    for (const one of layer) found.add(one);
  }
  return [...found];
}
