import { userInfo } from 'node:os';
import { AuditSpool, actEntry, auditFolder } from '@thingward/guard';
import type { ServerConfig } from '@thingward/server';

/**
 * Leaves a record for the server's audit log of what a command of this computer's user has done beside it.
 * @param act such as `user add` @throws AuditError where it can't be left
 */
export function leaveAct({ audit, dataDir }: ServerConfig, act: string, things: readonly string[]): void {
  if (!audit.enabled) return;
  const values = things.length > 1 ? { things: things.slice(0, 500), count: things.length } : undefined;
  new AuditSpool(auditFolder(audit, dataDir)).leave(
    actEntry(
      { at: new Date(), who: `system:${userInfo().username}`, act, thing: things[0], effect: 'done', values },
      { keepsPublished: false },
    ),
  );
}
