import { xml } from '@thingward/xml';
import { CHAT_STATES, CLIENT_STATE } from '@thingward/xmpp';
import type { ServerModule } from '../module.ts';
import type { Session } from '../session.ts';
import { parseStanza, stanzaText } from '../session-store.ts';
import type { Stanza } from '../stanza.ts';

/** Contacts whose presence is held back for one client, and its bytes; when there is more, all is sent. */
const MAX_HELD = 1000;
const MAX_HELD_BYTES = 1024 * 1024;

/** Spares clients that nobody looks at what can wait: presence until they are active again, the newest alone; chat states for good. @see XEP-0352 */
export const clientState: ServerModule = {
  name: 'client-state',
  start({ hooks }) {
    hooks.addStreamFeature(({ authenticated }) => (authenticated ? xml('csi', { xmlns: CLIENT_STATE }) : undefined));
    const held = new Map<Session, Map<string, Stanza>>();
    /** What was held back since the last release, replaced presence included. */
    const heldBytes = new WeakMap<Session, number>();

    const release = (session: Session) => {
      const stanzas = held.get(session);
      if (!stanzas || stanzas.size === 0) return;
      const waiting = [...stanzas.values()];
      stanzas.clear();
      heldBytes.delete(session);
      for (const stanza of waiting) session.sendNow(stanza);
    };
    const hold = (session: Session, stanza: Stanza): boolean => {
      const stanzas = held.get(session);
      if (!stanzas) return false;
      if (isPresenceInformation(stanza)) {
        const from = stanza.from.toString();
        stanzas.delete(from);
        stanza.compact();
        stanzas.set(from, stanza);
        const bytes = (heldBytes.get(session) ?? 0) + stanza.size;
        heldBytes.set(session, bytes);
        if (stanzas.size > MAX_HELD || bytes > MAX_HELD_BYTES) release(session);
        return true;
      }
      if (isChatStateAlone(stanza)) return true;
      // Something that matters wakes the client anyway: what waits goes before it, so that order is kept.
      if (stanza.kind !== 'iq') release(session);
      return false;
    };
    const deactivate = (session: Session) => {
      if (held.has(session)) return;
      held.set(session, new Map());
      session.gate = (stanza) => hold(session, stanza);
    };
    hooks.onNonza('inactive', CLIENT_STATE, (_, session) => deactivate(session));
    hooks.addBindFeature({
      feature: CLIENT_STATE,
      bound: (session, { wishes }) => {
        if (wishes.some((wish) => wish.is('inactive', CLIENT_STATE))) deactivate(session);
        return undefined;
      },
    });
    const activate = (session: Session) => {
      release(session);
      held.delete(session);
      session.gate = undefined;
    };
    hooks.onNonza('active', CLIENT_STATE, (_, session) => activate(session));
    // A stream begins as active, also one that goes on with a session (XEP-0352 §5.2).
    hooks.onSessionResumed((session) => {
      if (held.has(session)) activate(session);
    });
    hooks.onSessionEnded((session) => {
      held.delete(session);
    });
    hooks.rememberSessions({
      name: 'client-state',
      save: (session) => {
        const stanzas = held.get(session);
        return stanzas && [...stanzas.values()].map(stanzaText);
      },
      restore: (session, saved) => {
        deactivate(session);
        for (const text of saved as readonly string[]) session.send(parseStanza(text));
      },
    });
  },
};

function isPresenceInformation({ kind, type }: Stanza): boolean {
  return kind === 'presence' && (type === undefined || type === 'unavailable');
}

function isChatStateAlone({ kind, type, payload, element }: Stanza): boolean {
  if (kind !== 'message' || type === 'error' || type === 'groupchat' || payload?.namespace !== CHAT_STATES)
    return false;
  return element.elements.every(({ namespace, name }) => namespace === CHAT_STATES || name === 'thread');
}
