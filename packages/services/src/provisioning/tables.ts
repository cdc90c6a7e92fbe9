import type { Generated } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';

/** What is asked about. */
export type RuleKind = 'friend' | 'read' | 'control';

/** What an owner has decided about a Thing. */
export interface ProvisioningRulesTable extends ThingColumns {
  id: Generated<number>;
  /** Bare JID of who made it: it counts only as long as the Thing is theirs. */
  owner: string;
  kind: RuleKind;
  /** A bare JID, a domain, or '' for anyone. */
  requester: string;
  is_allowed: number;
  /** JSON array of names of fields or parameters; null: all. */
  names: string | null;
}

/** What an owner has yet to decide. */
export interface ProvisioningQuestionsTable extends ThingColumns {
  id: Generated<number>;
  owner: string;
  kind: RuleKind;
  /** Bare JID. */
  requester: string;
}

/** Who asks here, and who is still to be told that rules have changed. */
export interface ProvisioningThingsTable {
  /** Bare JID. */
  jid: string;
  /** Where it was seen last. */
  full_jid: string;
  needs_clear: number;
}

/** The tables provisioning owns. */
export interface ProvisioningTables {
  provisioning_rules: ProvisioningRulesTable;
  provisioning_questions: ProvisioningQuestionsTable;
  provisioning_things: ProvisioningThingsTable;
}
