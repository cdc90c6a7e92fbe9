import type { Hooks } from './hooks.ts';
import type { Session, SessionTable } from './session.ts';

/**
 * Says, from now on, which sessions may give and take data (see `data-stanza.ts`) past the router: those for which it would do no
 * more than hand it on. Data that a filter wants to see must pass through it, and so must what the taking client has to
 * acknowledge or doesn't want for now.
 */
export function openDirectPaths(hooks: Hooks, sessions: SessionTable): void {
  const decide = (session: Session) => {
    const gives = hooks.passesData(session.localpart);
    const takes = gives && session.management === undefined && session.gate === undefined && !session.isHeld;
    session.wire?.direct?.(session, { gives, takes });
  };
  hooks.onSessionBound((session) => {
    session.onPathChange = () => decide(session);
    decide(session);
  });
  hooks.onFilterChange((localpart) => {
    for (const session of sessions.of(localpart)) decide(session);
  });
}
