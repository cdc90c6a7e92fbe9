import { uidText } from './attribute-use.ts';
import type { CedarValueJson, EntityJson, TypeAndId } from './cedar.ts';
import type { ScopedEntity } from './scope.ts';

export type EntityType = 'Account' | 'Group' | 'Site' | 'Interface' | 'Thing' | 'Service';

/** An entity with all that policies may ask about it. As long as nothing about it changes it is the same object. */
export interface KnownEntity extends ScopedEntity {
  readonly type: EntityType;
  readonly id: string;
  /** All it is in, directly or not. */
  readonly parents: readonly TypeAndId[];
  readonly attributes: Readonly<Record<string, CedarValueJson>>;
  /** Entities its attributes name. */
  readonly related: readonly KnownEntity[];
}

export function knownEntity(
  type: EntityType,
  id: string,
  {
    parents = [],
    attributes = {},
    related = [],
  }: Partial<Pick<KnownEntity, 'parents' | 'attributes' | 'related'>> = {},
): KnownEntity {
  return {
    type,
    id,
    uid: uidText({ type, id }),
    ancestors: new Set(parents.map(uidText)),
    parents,
    attributes,
    related,
  };
}

/** For Cedar, with the attributes that are asked for alone. @param hierarchy is it asked what it is in? */
export function entityJson(
  { type, id, parents, attributes }: KnownEntity,
  wanted: ReadonlySet<string>,
  hierarchy = true,
): EntityJson {
  const attrs: Record<string, CedarValueJson> = {};
  for (const [name, value] of Object.entries(attributes)) if (wanted.has(name)) attrs[name] = value;
  return { uid: { type, id }, attrs, parents: hierarchy ? [...parents] : [] };
}
