import { Jid, type NodeAddress } from '@thingward/xmpp';
import type { FieldCondition } from '../events/codec.ts';
import { SENSOR_DATA_NAMESPACE } from '../sensor-data/codec.ts';
import type { FieldType } from '../sensor-data/field.ts';
import type { NodeReference } from '../thing/node.ts';

/** The node of service discovery at a Thing that lists what it publishes. @see docs/publish-subscribe.md §3 */
export const PUBLICATIONS = 'urn:thingward:publication:1';

/** Who may subscribe to a node. */
export type PublicationAccess =
  /** Who may read the Thing, and nobody else: a list that the Thing keeps. */
  | { readonly kind: 'readers' }
  /** The Thing is asked about each subscriber. */
  | { readonly kind: 'authorize' }
  /** Contacts in groups of the roster of the Thing's account, as the service sees it. */
  | { readonly kind: 'roster'; readonly groups: readonly string[] };

/** Which readings of a Thing are published, and how often. */
export interface PublicationFilter {
  /** Names of fields; empty: all. */
  readonly names: readonly string[];
  /** Kinds of fields; empty: all. */
  readonly types: readonly FieldType[];
  /** No field more often than this. */
  readonly minIntervalMs: number;
  /** Changes that are worth telling, by field; the one named `*` is for all others. Empty: every reading is published. */
  readonly changes: readonly FieldCondition[];
  /** A field is published after this time even if it has not changed; undefined: it is not. */
  readonly maxIntervalMs?: number | undefined;
}

/** What a Thing publishes to one node. */
export interface Publication {
  readonly address: NodeAddress;
  /** For people. */
  readonly title?: string | undefined;
  readonly filter: PublicationFilter;
  readonly access: PublicationAccess;
  /** Items that the node keeps. */
  readonly maxItems: number;
  /** Seconds after which an item is removed; undefined: never. */
  readonly expireSeconds?: number | undefined;
  /** Readings are gathered for so long, and published as one item. */
  readonly batchMs: number;
}

/** What is published where nothing else is said. */
export const DEFAULT_PUBLICATION = {
  filter: { names: [], types: ['momentary', 'status', 'computed', 'peak'], minIntervalMs: 1000, changes: [] },
  access: { kind: 'readers' },
  maxItems: 100,
  batchMs: 0,
} as const satisfies Omit<Publication, 'address'>;

/**
 * The node of a publish-subscribe service that a Thing publishes to unless something else is configured.
 * @param thing the JID behind which it is
 */
export function publicationNode(thing: Jid, node: NodeReference | undefined): string {
  return ['sensordata', thing.bare.toString(), ...nodeParts(node)].join('/');
}

/** The node of its own account that a Thing publishes to unless something else is configured. @see XEP-0163 */
export function personalPublicationNode(node: NodeReference | undefined): string {
  return [SENSOR_DATA_NAMESPACE, ...nodeParts(node)].join('/');
}

/** The node of service discovery that lists what one of the Things behind a JID publishes; without a node all of them. */
export function publicationsNode(node?: NodeReference): string {
  return [PUBLICATIONS, ...nodeParts(node)].join('/');
}

/** The publish-subscribe service of a domain unless something else is configured. */
export function publicationService(domain: string): Jid {
  return Jid.parse(`pubsub.${domain}`);
}

/** No two references have the same parts. */
function nodeParts(node: NodeReference | undefined): readonly string[] {
  if (!node) return [];
  const parts = [node.nodeId, node.sourceId ?? '', node.cacheType ?? ''];
  while (parts.at(-1) === '') parts.pop();
  return parts.map((part) => part.replaceAll('%', '%25').replaceAll('/', '%2F'));
}
