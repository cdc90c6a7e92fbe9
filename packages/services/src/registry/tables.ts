import type { Generated } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';

/** One Thing: there is one row for each bare JID and node. */
export interface RegistryThingsTable extends ThingColumns {
  id: Generated<number>;
  /** Where it was seen last. */
  full_jid: string;
  /** What it registered in: `DialectName`. */
  dialect: Generated<string>;
  /** Bare JID of the owner; its own when it is self-owned; null before it is claimed. */
  owner: string | null;
  /** 1: found in searches (once it has an owner). */
  is_public: number;
  /** Of the meta data it registered with, KEY included; null: nobody can claim it. */
  claim_digest: string | null;
  /** Its tags in their order, without KEY: `StoredTag[]` as JSON. */
  tags: Generated<string>;
}

/** String tags of Things that searches find: what nobody may find is not here. */
export interface RegistryTextTagsTable {
  /** In upper case. */
  name: string;
  value: string;
  thing_id: number;
}

/** Numeric tags of Things that searches find. */
export interface RegistryNumberTagsTable {
  name: string;
  value: number;
  thing_id: number;
}

/** Each string tag that occurs, once: masks that begin with a wildcard look here, by runs of three characters. On SQLite alone. */
export interface RegistryTagValuesTable {
  /** Its row in `registry_trigrams`. */
  id: Generated<number>;
  name: string;
  value: string;
}

/** What Things must still be told. */
export interface RegistryNotificationsTable extends ThingColumns {
  id: Generated<number>;
  full_jid: string;
  dialect: Generated<string>;
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
  registry_text_tags: RegistryTextTagsTable;
  registry_number_tags: RegistryNumberTagsTable;
  registry_tag_values: RegistryTagValuesTable;
  registry_notifications: RegistryNotificationsTable;
}
