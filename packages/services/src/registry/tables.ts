import type { Generated } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';

/** One Thing: there is one row for each bare JID and node. */
export interface RegistryThingsTable extends ThingColumns {
  id: Generated<number>;
  /** Where it was seen last. */
  full_jid: string;
  /** Bare JID of the owner; its own when it is self-owned; null before it is claimed. */
  owner: string | null;
  /** 1: found in searches (once it has an owner). */
  is_public: number;
  /** Of the meta data it registered with, KEY included; null: nobody can claim it. */
  claim_digest: string | null;
}

/** Meta tags of Things; KEY is never among them. */
export interface RegistryTagsTable {
  thing_id: number;
  /** In upper case. */
  name: string;
  /** Order in which they were given. */
  position: number;
  /** Exactly one of the two is there. */
  text_value: string | null;
  number_value: number | null;
}

/** What Things must still be told. */
export interface RegistryNotificationsTable extends ThingColumns {
  id: Generated<number>;
  full_jid: string;
  kind: 'claimed' | 'removed';
  /** Of `claimed`. */
  owner: string | null;
  is_public: number;
  /** How often it was tried in vain. */
  attempts: number;
  /** ms since 1970 */
  due_at: number | string;
  /** ms since 1970 */
  created_at: number | string;
}

/** The tables the registry owns. */
export interface RegistryTables {
  registry_things: RegistryThingsTable;
  registry_tags: RegistryTagsTable;
  registry_notifications: RegistryNotificationsTable;
}
