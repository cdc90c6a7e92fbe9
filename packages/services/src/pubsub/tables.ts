import type { Generated } from 'kysely';

/** A node. Booleans are 0 and 1; what is looked up or listed by has a column beside the configuration. */
export interface PubSubNodesTable {
  id: Generated<number>;
  /** Address of the service or account. */
  host: string;
  node: string;
  creator: string;
  /** ms since 1970 */
  created_at: number | string;
  /** JSON of what differs from nothing: all options. */
  config: string;
  title: string;
  access_model: string;
  /** Seconds; null for never. */
  item_expire: number | null;
  /** Is the last item sent to subscribers who come online? */
  last_on_presence: number;
  purge_offline: number;
}

export interface PubSubAffiliationsTable {
  node_id: number;
  /** Bare JID. */
  jid: string;
  affiliation: string;
}

export interface PubSubSubscriptionsTable {
  node_id: number;
  /** As subscribed. */
  jid: string;
  bare_jid: string;
  subid: string;
  state: string;
  /** JSON. */
  options: string;
  /** ms since 1970; null for never. */
  expires_at: number | string | null;
  /** Does it end when the subscriber goes offline? */
  temporary: number;
}

export interface PubSubItemsTable {
  node_id: number;
  item: string;
  /** Grows with each publication to the node: about µs since 1970. */
  position: number | string;
  /** Bare JID. */
  publisher: string;
  /** XML; '' for none. */
  payload: string;
}

/** Where deleted nodes have gone. */
export interface PubSubRedirectsTable {
  id: Generated<number>;
  host: string;
  node: string;
  uri: string;
}

/** The tables publish-subscribe owns. */
export type PubSubTables = {
  pubsub_nodes: PubSubNodesTable;
  pubsub_affiliations: PubSubAffiliationsTable;
  pubsub_subscriptions: PubSubSubscriptionsTable;
  pubsub_items: PubSubItemsTable;
  pubsub_redirects: PubSubRedirectsTable;
};
