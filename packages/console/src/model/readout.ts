import type { FieldType } from '@thingward/things';

/** What changes from second to second. */
export const LIVE_TYPES: readonly FieldType[] = ['momentary', 'status', 'computed', 'peak'];
/** What a Thing is; seldom read. */
export const IDENTITY_TYPES: readonly FieldType[] = ['identity'];

/** How reading a Thing is going. */
export type ReadoutStatus =
  /** Nothing has come yet. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'live' }
  /** We are not connected to our server. */
  | { readonly kind: 'disconnected' }
  /** The Thing is not available to us. */
  | { readonly kind: 'offline' }
  | { readonly kind: 'failing'; readonly problem: string; readonly since: Date };
