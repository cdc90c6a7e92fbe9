import { ATTRIBUTE_STRUCTURES } from './attribute.ts';
import { DATA_TYPES_STRUCTURES } from './data-types.ts';
import { DISCOVERY_STRUCTURES } from './discovery.ts';
import { FILTER_STRUCTURES } from './filter.ts';
import { HEADERS_STRUCTURES } from './headers.ts';
import { HISTORY_STRUCTURES } from './history.ts';
import { METHOD_STRUCTURES } from './method.ts';
import { MONITORED_ITEM_STRUCTURES } from './monitored-item.ts';
import { NODE_MANAGEMENT_STRUCTURES } from './node-management.ts';
import { QUERY_STRUCTURES } from './query.ts';
import type { StructureRow } from './row.ts';
import { SECURE_CHANNEL_STRUCTURES } from './secure-channel.ts';
import { SESSION_STRUCTURES } from './session.ts';
import { SUBSCRIPTION_STRUCTURES } from './subscription.ts';
import { VIEW_STRUCTURES } from './view.ts';

/** Every structure that is understood, by its name in OPC 10000-4, -5 and -8. */
export const STRUCTURES = {
  ...HEADERS_STRUCTURES,
  ...DISCOVERY_STRUCTURES,
  ...SECURE_CHANNEL_STRUCTURES,
  ...SESSION_STRUCTURES,
  ...NODE_MANAGEMENT_STRUCTURES,
  ...VIEW_STRUCTURES,
  ...FILTER_STRUCTURES,
  ...QUERY_STRUCTURES,
  ...ATTRIBUTE_STRUCTURES,
  ...HISTORY_STRUCTURES,
  ...METHOD_STRUCTURES,
  ...MONITORED_ITEM_STRUCTURES,
  ...SUBSCRIPTION_STRUCTURES,
  ...DATA_TYPES_STRUCTURES,
} as const;

export type StructureName = keyof typeof STRUCTURES;

const ROWS: Readonly<Record<string, StructureRow>> = STRUCTURES;
const BY_ENCODING: ReadonlyMap<number, StructureName> = new Map(
  Object.entries(ROWS).map(([name, { encodingId }]) => [encodingId, name as StructureName]),
);

/** The row of a structure; undefined where there is none of that name. */
export function structureRow(name: string): StructureRow | undefined {
  return Object.hasOwn(ROWS, name) ? ROWS[name] : undefined;
}

/** The structure with this number of its binary encoding in namespace 0. */
export function structureByEncoding(encodingId: number): StructureName | undefined {
  return BY_ENCODING.get(encodingId);
}
