import type { AccessKind, ItemKind } from '@thingward/things';
import type { Generated } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';

/** What an owner has decided about a Thing. */
export interface ProvisioningRulesTable extends ThingColumns {
  id: Generated<number>;
  /** Bare JID of who made it: it counts only as long as the Thing is theirs. */
  owner: string;
  kind: AccessKind;
  /** Whom it is for, as `subject-column.ts` writes it. */
  requester: string;
  is_allowed: number;
  /** JSON array of names of fields or parameters; null: all. */
  names: string | null;
  /** JSON array of kinds of fields; null: all. */
  types: string | null;
  /** 1: it counts for one request alone; 2: it has been used, and ends. */
  once: Generated<number>;
  /** When it ends, ms since 1970; null: never. */
  until_ms: number | string | null;
  /** ms since 1970 */
  made_at: Generated<number | string>;
}

/** What an owner has yet to decide. */
export interface ProvisioningQuestionsTable extends ThingColumns {
  id: Generated<number>;
  owner: string;
  kind: AccessKind;
  /** Bare JID. */
  requester: string;
  asked: Generated<number>;
  /** ms since 1970 */
  first_at: Generated<number | string>;
  last_at: Generated<number | string>;
  /** JSON arrays of what was asked for by name, and of kinds of fields. */
  names: Generated<string>;
  types: Generated<string>;
  /** The tokens that came with it last, with spaces between them. */
  service_tokens: Generated<string>;
  device_tokens: Generated<string>;
  user_tokens: Generated<string>;
}

/** Who asks here, and who is still to be told that rules have changed. */
export interface ProvisioningThingsTable {
  /** Bare JID. */
  jid: string;
  /** Where it was seen last. */
  full_jid: string;
  /** Changes of rules it has not been told of. */
  needs_clear: number;
  /** Name of the dialect it speaks. */
  dialect: Generated<string>;
}

/** What has been heard of the fields and parameters of Things. */
export interface ProvisioningItemsTable extends ThingColumns {
  kind: ItemKind;
  name: string;
  /** JSON array of kinds of fields. */
  types: string;
}

/** Owners that Things have named themselves, where there is no registry to ask. */
export interface ProvisioningToldOwnersTable extends ThingColumns {
  owner: string;
  /** 1: the owner has decided something about the Thing, and so knows of it. */
  is_confirmed: number;
}

/** Certificates that tokens stand for. */
export interface ProvisioningTokensTable {
  token: string;
  /** SHA-256 of the certificate, in lower-case hexadecimal. */
  fingerprint: string;
  /** DER in base64. */
  certificate: string;
  /** Bare JID of who showed it first. */
  jid: string;
  /** ms since 1970 */
  made_at: number | string;
}

/** Users of services. */
export interface ProvisioningUsersTable {
  token: string;
  /** Fingerprint of the service's certificate. */
  service: string;
  /** JSON array of what the service knows of the user. */
  credentials: string;
  /** ms since 1970 */
  made_at: number | string;
}

/** What has been heard of services: their users, and the privileges they ask about. */
export interface ProvisioningServiceItemsTable {
  service: string;
  kind: 'user' | 'privilege';
  name: string;
}

/** The numbers that were given last: none is given twice, so that an answer that comes late is no answer to something else. */
export interface ProvisioningNumbersTable {
  name: 'question' | 'rule';
  last: number;
}

/** The tables provisioning owns. */
export interface ProvisioningTables {
  provisioning_rules: ProvisioningRulesTable;
  provisioning_questions: ProvisioningQuestionsTable;
  provisioning_things: ProvisioningThingsTable;
  provisioning_items: ProvisioningItemsTable;
  provisioning_told_owners: ProvisioningToldOwnersTable;
  provisioning_tokens: ProvisioningTokensTable;
  provisioning_users: ProvisioningUsersTable;
  provisioning_service_items: ProvisioningServiceItemsTable;
  provisioning_numbers: ProvisioningNumbersTable;
}
