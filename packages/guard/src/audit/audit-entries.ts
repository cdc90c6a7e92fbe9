import { type GuardDecision, isChange } from '../guard-decision.ts';
import { type Operation, resourceId } from '../operation.ts';
import type { PolicyFiles } from '../policy/policy-bundle.ts';
import type { Pseudonyms } from './audit-key.ts';
import { type AuditEntry, sha256 } from './audit-line.ts';
import type { JsonValue } from './canonical-json.ts';

/** What of it all is kept. */
export interface AuditPrivacy {
  /** Undefined: people are called by their addresses. */
  readonly pseudonyms?: Pseudonyms | undefined;
  /** Is each item that is published kept, too? */
  readonly keepsPublished: boolean;
}

const MAX_OPERATIONS = 50;
const MAX_TEXT = 500;
/** Values that are written; contents of what is published, posted or not understood may be anything, messages of people among them. */
const WRITES: ReadonlySet<string> = new Set(['set', 'write', 'execute', 'edit']);

/** Does a decision belong into the log? Whatever is denied does, and what changes something. */
export function isAudited({ outcome, decisive, operations, policies }: GuardDecision, privacy: AuditPrivacy): boolean {
  if (outcome !== 'permit') return true;
  // Nothing was decided where no policies are in force.
  if (policies.length === 0) return false;
  return [decisive, ...operations].some(
    ({ action }) => isChange(action) && (action !== 'publish' || privacy.keepsPublished),
  );
}

/** A decision as it is kept: values that are written, none that are read, no bodies of messages. */
export function decisionEntry(decision: GuardDecision, { pseudonyms }: AuditPrivacy): AuditEntry {
  const { at, outcome, decisive, operations, policies, reason, enforcer, stanzaId, approvalId } = decision;
  const jid = decisive.principal.bare.toString();
  const who = pseudonyms ? pseudonyms(jid) : jid;
  const { origin, authentication, isEncrypted, address } = decisive.circumstances;
  const kept = distinct(operations.map(operationJson));
  return {
    kind: 'decision',
    at: at.toISOString(),
    who,
    action: decisive.action,
    thing: resourceId(decisive.resource),
    effect: outcome,
    reason: cut(pseudonyms ? reason.replaceAll(jid, who) : reason),
    operations: kept.slice(0, MAX_OPERATIONS),
    moreOperations: kept.length > MAX_OPERATIONS ? kept.length - MAX_OPERATIONS : undefined,
    policies: policies.map(({ id, at: place }) => `${id} (${place})`),
    enforcer,
    origin,
    authentication,
    isEncrypted,
    ip: pseudonyms ? undefined : address,
    stanza: cut(stanzaId),
    approval: approvalId,
  };
}

function operationJson({ action, resource, facts }: Operation): JsonValue {
  const { protocol, name, text, method, path, unit, table, address, lastAddress, channel, isNested, problem } = facts;
  const { attribute, indexRange, methodId, argument, securityMode, userToken } = facts;
  return {
    action,
    thing: resourceId(resource),
    protocol,
    name: cut(name),
    value: WRITES.has(action) ? cut(text) : undefined,
    function: facts.function,
    method,
    path: cut(path),
    unit,
    table,
    address,
    lastAddress,
    channel,
    attribute,
    indexRange: cut(indexRange),
    methodId: cut(methodId),
    argument,
    securityMode,
    userToken,
    isNested,
    problem: cut(problem),
  };
}

/** A number between two decimals is judged as both; it was written once. */
function distinct(values: readonly JsonValue[]): readonly JsonValue[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = JSON.stringify(value);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** An act of an administrator, or of somebody who approves. @param act such as the node of a command */
export interface AdministrativeAct {
  readonly at: Date;
  /** Bare JID; `system:NAME` for a user of the computer. */
  readonly who: string;
  readonly act: string;
  /** What it was done to. */
  readonly thing?: string | undefined;
  /** `continued`: there is more to it. */
  readonly effect: 'done' | 'failed' | 'refused' | 'continued';
  readonly reason?: string | undefined;
  readonly values?: { readonly [name: string]: JsonValue } | undefined;
}

export function actEntry(act: AdministrativeAct, { pseudonyms }: AuditPrivacy): AuditEntry {
  const { at, who, act: action, thing, effect, reason, values } = act;
  return {
    kind: 'administration',
    at: at.toISOString(),
    who: pseudonyms && !who.startsWith('system:') ? pseudonyms(who) : who,
    action,
    thing: cut(thing),
    effect,
    reason: cut(reason),
    values,
  };
}

/** Policies that are in force, or on trial, from now on: names of their files and the SHA-256 of each. */
export function policiesEntry(at: Date, slot: string, files: PolicyFiles | undefined): AuditEntry {
  return {
    kind: 'policies',
    at: at.toISOString(),
    action: 'apply',
    thing: slot,
    effect: files ? 'in use' : 'none',
    files: files && Object.fromEntries([...files].map(([name, text]) => [name, sha256(text)])),
  };
}

/** A value that is longer than that is kept as its SHA-256. */
export function briefValue(value: string, mostCharacters = MAX_TEXT): JsonValue {
  return value.length <= mostCharacters ? value : { characters: value.length, sha256: sha256(value) };
}

function cut<Text extends string | undefined>(text: Text): Text | string {
  return text !== undefined && text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
