/** Bounds of what nodes hold and what is given out. */
export interface PubSubLimits {
  /** Nodes that one bare JID owns. */
  readonly nodesPerOwner: number;
  /** Characters of a node's id, and of an item's. */
  readonly idCharacters: number;
  /** Items of a node; what `max` stands for. */
  readonly itemsPerNode: number;
  /** Bytes of a payload. */
  readonly payloadBytes: number;
  /** Items in one publication or retraction. */
  readonly itemsPerRequest: number;
  /** Subscriptions of a node, pending ones included. */
  readonly subscriptionsPerNode: number;
  /** Subscriptions of one bare JID at one host. */
  readonly subscriptionsPerJid: number;
  readonly affiliationsPerNode: number;
  /** Entries in one answer; more come page by page (XEP-0059). */
  readonly entriesPerAnswer: number;
  /** Bytes of the items in one answer; one is always given. */
  readonly answerBytes: number;
  /** Longest lease of a subscription, in ms. */
  readonly leaseMs: number;
  /** Places that deleted nodes were redirected to, at one host; the oldest is forgotten. */
  readonly redirects: number;
  /** Nodes, affiliations and subscriptions kept in memory, all together. */
  readonly cachedEntries: number;
  /** Publications and retractions that may wait for the database; more are refused. */
  readonly waitingWrites: number;
}

export const DEFAULT_PUBSUB_LIMITS: PubSubLimits = {
  nodesPerOwner: 1000,
  idCharacters: 512,
  itemsPerNode: 10_000,
  payloadBytes: 128 * 1024,
  itemsPerRequest: 100,
  subscriptionsPerNode: 10_000,
  subscriptionsPerJid: 1000,
  affiliationsPerNode: 1000,
  entriesPerAnswer: 500,
  answerBytes: 192 * 1024,
  leaseMs: 366 * 86_400_000,
  redirects: 1000,
  cachedEntries: 200_000,
  waitingWrites: 5000,
};
