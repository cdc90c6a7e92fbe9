import {
  type FieldCondition,
  type NodeReference,
  type Publication,
  type PublicationAccess,
  personalPublicationNode,
  publicationNode,
  publicationService,
} from '@thingward/things';
import type { Jid } from '@thingward/xmpp';
import type { PublicationConfig } from './publish-config.ts';

/** A Thing as the network knows it. */
export interface PublishingThing {
  /** Of its account. */
  readonly jid: Jid;
  readonly node: NodeReference | undefined;
  readonly name: string;
}

/** What a Thing publishes, from its configuration. */
export function publicationOf({ jid, node, name }: PublishingThing, config: PublicationConfig): Publication {
  const { pep, title = name, fields, types, minIntervalMs, maxIntervalMs, maxItems, expireSeconds, batchMs } = config;
  const service = pep ? jid.bare : (config.service ?? publicationService(jid.domain));
  const conventional = pep ? personalPublicationNode(node) : publicationNode(jid, node);
  return {
    address: { service, node: config.node ?? conventional },
    title,
    filter: { names: fields, types, minIntervalMs, maxIntervalMs, changes: conditionsOf(config) },
    access: accessOf(config),
    maxItems,
    expireSeconds,
    batchMs,
  };
}

function conditionsOf({ changes }: PublicationConfig): readonly FieldCondition[] {
  return Object.entries(changes).map(([name, change]) =>
    typeof change === 'number'
      ? { name, changedBy: change }
      : { name, changedBy: change.by, changedUp: change.up, changedDown: change.down },
  );
}

function accessOf({ access }: PublicationConfig): PublicationAccess {
  return typeof access === 'string' ? { kind: access } : { kind: 'roster', groups: access.rosterGroups };
}
