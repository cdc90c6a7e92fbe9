import type { Unusual } from './baseline/signal.ts';
import type { ActionName, Operation, OperationFacts } from './operation.ts';

/** What comes of operations that are asked for together. */
export type Outcome =
  /** All may be done. */
  | 'permit'
  /** One may not be done. */
  | 'deny'
  /** One needs somebody else's consent, and waits for it. */
  | 'await-approval'
  /** Too often: later it may be done. */
  | 'limit'
  /** Denied, and the requester is denied everything for a while. */
  | 'quarantine';

/** A policy that took part in a decision. */
export interface DecisivePolicy {
  readonly id: string;
  /** Where it stands: `file:line`. */
  readonly at: string;
  readonly effect: 'permit' | 'forbid';
  /** For people: its `@description`. */
  readonly description?: string | undefined;
}

/** A decision, for the log of events, the audit log and whoever learns what is usual. */
export interface GuardDecision {
  readonly at: Date;
  readonly outcome: Outcome;
  /** All that were asked for together. */
  readonly operations: readonly Operation[];
  /** The one that decided: the first that was not permitted, else the first. */
  readonly decisive: Operation;
  /** What decided about it. None: nothing permits it. */
  readonly policies: readonly DecisivePolicy[];
  /** For people: why. */
  readonly reason: string;
  /** Who enforces it: `router`, `provisioning`, `gateway`. */
  readonly enforcer: string;
  /** Id of the stanza, as its sender gave it. */
  readonly stanzaId?: string | undefined;
  /** Of a request that waits for approval. */
  readonly approvalId?: string | undefined;
  /** Was it not asked for before? */
  readonly isNewApproval?: boolean | undefined;
  /** Was it refused because it could not have been recorded? */
  readonly isUnrecorded?: boolean | undefined;
  /** What is not usual for the requester, as far as it was not raised just before. */
  readonly unusual?: readonly Unusual[] | undefined;
  /** The stanza as XML, for the log of events. */
  readonly packet?: (() => string) | undefined;
  /** What the policies that are tried out would have decided, where that is something else. */
  readonly shadow?: { readonly outcome: Outcome; readonly policies: readonly DecisivePolicy[] } | undefined;
}

/** Is told of decisions, in order, before they are carried out. It must be quick and must not throw. */
export type GuardListener = (decision: GuardDecision) => void;

/** Keeps decisions for later, such as an audit log. */
export interface DecisionKeeper {
  /** Why nothing that changes something must be permitted just now: it could not be recorded. */
  readonly refusal: string | undefined;
  /**
   * Takes a decision, before it is carried out. It must be quick and must not throw.
   * @returns undefined when nobody has to wait; else it resolves when it is kept: with why it is not, where it must be
   */
  decided(decision: GuardDecision): Promise<string | undefined> | undefined;
}

const OBSERVING: ReadonlySet<ActionName> = new Set(['read', 'subscribe', 'browse', 'connect']);

/** Do such operations change something? Decisions about them are of interest even where they are permitted. */
export function isChange(action: ActionName): boolean {
  return !OBSERVING.has(action);
}

/** An operation in a few words, for people. */
export function describeOperation({ action, resource, facts }: Operation): string {
  const what = [facts.name, valueText(facts)].filter((part) => part !== undefined).join(' = ');
  const where = resource.node === undefined ? resource.jid : `${resource.jid}#${resource.node}`;
  return `${action} ${what ? `${what} of ` : ''}${where}`;
}

function valueText({ text, problem }: OperationFacts): string | undefined {
  if (text === undefined) return problem;
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
