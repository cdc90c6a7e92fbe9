import type { Generated } from 'kysely';

/** An account of the served domain. */
export interface AccountTable {
  localpart: string;
  /** Milliseconds since 1970. */
  created_at: number;
  /** 1 while somebody nameless has it; 0 otherwise. @see XEP-0175 */
  is_temporary: Generated<number>;
  /** Since when nobody may sign in to it, in the same way; null when it is in use. */
  disabled_at: number | null;
  /** When a session of it was bound last; null: never, or before this was kept. */
  last_login_at: number | null;
}

/** What is kept of an account's password for one SCRAM hash; binary values as Base64. @see RFC 5802 §3 */
export interface CredentialTable {
  localpart: string;
  hash: string;
  salt: string;
  iterations: number;
  stored_key: string;
  server_key: string;
}

/** One contact of an account with its subscription state. Booleans are 0 and 1. @see RFC 6121 §2.1.2, Appendix A */
export interface RosterTable {
  localpart: string;
  contact: string;
  name: string | null;
  /** JSON array of strings. */
  groups: string;
  /** We see the contact's presence. */
  subscription_to: number;
  /** The contact sees ours. */
  subscription_from: number;
  pending_out: number;
  pending_in: number;
  /** 0 while the row only remembers a request that came in. */
  in_roster: number;
}

/** Small facts the server keeps about itself. */
export interface SettingTable {
  name: string;
  value: string;
}

/** A token a client may sign in with, without the key it is derived with. @see XEP-0484 */
export interface TokenTable {
  /** They grow: the newest has the highest. */
  id: Generated<number>;
  localpart: string;
  /** UUID of the installation it was given to. */
  user_agent: string;
  mechanism: string;
  /** Random; what distinguishes it from all others. */
  seed: string;
  /** Milliseconds since 1970. */
  expires_at: number;
  /** 0 or 1. */
  is_used: number;
  /** How often its client has used it, by the client's own count; -1 when it has not counted yet. */
  last_count: number;
}

/** A role of an account, and who says so. */
export interface AccountRoleTable {
  localpart: string;
  role: string;
  /** `administrator`, or the name of an identity provider. */
  source: string;
}

export interface ServerSchema {
  account: AccountTable;
  account_role: AccountRoleTable;
  credential: CredentialTable;
  roster: RosterTable;
  setting: SettingTable;
  token: TokenTable;
}
