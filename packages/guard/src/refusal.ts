import { CONTROL_DIALECTS } from '@thingward/things';
import { xml } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';
import type { GuardDecision } from './guard-decision.ts';
import type { ActionName } from './operation.ts';

/** What refusals say beside the standard error. */
export const GUARD_NAMESPACE = 'urn:thingward:guard:1';

/**
 * The error for a request that was not permitted, as its own protocol has it: control names the parameter (XEP-0325 §5.1), the rest is
 * a stanza error. What waits for approval, or was asked for too often, may be tried again.
 */
export function refusal(decision: GuardDecision, payloadNamespace?: string): StanzaError {
  const { outcome, decisive, approvalId } = decision;
  const text = refusalText(decision);
  if (outcome === 'await-approval') {
    return new StanzaError('policy-violation', text, {
      type: 'wait',
      application: xml('approval', { xmlns: GUARD_NAMESPACE, id: approvalId }),
    });
  }
  if (outcome === 'limit') return new StanzaError('resource-constraint', text);
  const { name, protocol } = decisive.facts;
  const dialect = CONTROL_DIALECTS.find(({ namespace }) => namespace === payloadNamespace);
  if (protocol === 'control' && dialect && name !== undefined && decisive.action === 'set') {
    const parameter = xml('paramError', { xmlns: dialect.namespace, var: name }, text);
    return new StanzaError('forbidden', text, { type: 'cancel', application: parameter });
  }
  if (isNotUnderstood(decisive.action)) return new StanzaError('not-allowed', text);
  return new StanzaError('forbidden', text, { type: 'cancel' });
}

/** For the requester: what it may know. It is not told what policies say, but what it can do. */
function refusalText({ outcome, decisive: { action, facts }, approvalId, isUnrecorded }: GuardDecision): string {
  if (isUnrecorded) return 'It can’t be recorded just now, and so is not done. Try again later.';
  switch (outcome) {
    case 'await-approval':
      return `It needs approval (${approvalId}). Ask again when it is approved.`;
    case 'limit':
      return 'Too often. Try again later.';
    case 'quarantine':
      return 'Access denied for a while.';
    default:
      if (isNotUnderstood(action)) return `Not permitted: ${facts.problem ?? 'it is not understood'}.`;
      return 'Access denied.';
  }
}

function isNotUnderstood(action: ActionName): boolean {
  return action === 'unknown' || action === 'opaque';
}
