import { managementFeature, STREAM_MANAGEMENT } from '@thingward/xmpp';
import type { Hooks } from './hooks.ts';
import type { SessionManager } from './session-manager.ts';

/** Offers stream management to those who have logged in, and together with the bind of a resource. @see XEP-0198 §3, XEP-0386 */
export function offerStreamManagement(hooks: Hooks, sessions: SessionManager): void {
  hooks.addStreamFeature(({ authenticated }) => (authenticated ? managementFeature() : undefined));
  hooks.addBindFeature({
    feature: STREAM_MANAGEMENT,
    bound: (session, { wishes }) => {
      const request = wishes.find((wish) => wish.is('enable', STREAM_MANAGEMENT));
      return request && sessions.enable(session, request);
    },
  });
}
