import { describeOperation, type GuardDecision, isChange } from '@thingward/guard';
import type { Logger } from '@thingward/xmpp';

/** Tells the log, and so the log of events, of what was decided. Reads that are permitted are nobody's business. @see XEP-0337 */
export function logDecision(log: Logger, decision: GuardDecision): void {
  const { outcome, decisive, policies, reason, shadow, enforcer, approvalId, stanzaId } = decision;
  const details = {
    account: decisive.principal.bare.toString(),
    node:
      decisive.resource.node === undefined
        ? decisive.resource.jid
        : `${decisive.resource.jid}#${decisive.resource.node}`,
    operation: describeOperation(decisive),
    enforcer,
    reason,
    ...(policies.length === 0 ? {} : { policies: policies.map(({ id, at }) => `${id} (${at})`).join(', ') }),
    ...(approvalId === undefined ? {} : { approval: approvalId }),
    ...(stanzaId === undefined ? {} : { stanza: stanzaId }),
  };
  if (shadow) {
    const wouldBe = shadow.policies.map(({ id, at }) => `${id} (${at})`).join(', ');
    log.warn(
      { ...details, outcome, shadow: shadow.outcome, by: wouldBe },
      'policies on trial would have decided otherwise',
    );
  }
  if (outcome !== 'permit') log.warn({ ...details, outcome }, MESSAGES[outcome]);
  else if (isChange(decisive.action) && policies.length > 0) log.info(details, 'permitted');
}

const MESSAGES = {
  deny: 'a request was denied',
  limit: 'a request came too often',
  quarantine: 'somebody was put into quarantine',
  'await-approval': 'a request waits for approval',
} as const;
