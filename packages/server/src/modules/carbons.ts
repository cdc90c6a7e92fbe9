import type { Element } from '@thingward/xml';
import {
  CARBONS,
  type CarbonDirection,
  CHAT_STATES,
  encodeCarbon,
  encodeStanzaId,
  hasHint,
  type Jid,
  message,
  StanzaError,
} from '@thingward/xmpp';
import { CopiedMessages } from '../copied-messages.ts';
import { PASSES_DATA } from '../hooks.ts';
import type { ServerModule } from '../module.ts';
import type { Session } from '../session.ts';
import { Stanza } from '../stanza.ts';

const RECEIPTS = 'urn:xmpp:receipts';
const CHAT_MARKERS = 'urn:xmpp:chat-markers:0';
const MUC_USER = 'http://jabber.org/protocol/muc#user';
const CONFERENCE_INVITATION = 'jabber:x:conference';

/** Gives clients that want it a copy of what other clients of their account say and hear. @see XEP-0280 */
export const carbons: ServerModule = {
  name: 'carbons',
  features: [CARBONS],
  accountFeatures: [CARBONS],
  start({ router, sessions, hooks }) {
    /** By account, those that want copies. */
    const enabled = new Map<string, Set<Session>>();
    const copied = new CopiedMessages();

    const sessionOf = (stanza: Stanza): Session => {
      const session = stanza.to?.equals(stanza.from.bare) ? sessions.get(stanza.from) : undefined;
      if (!session) throw new StanzaError('not-allowed', 'copies are for the clients of this account');
      return session;
    };
    const enable = (session: Session) => {
      const others = enabled.get(session.localpart) ?? new Set();
      enabled.set(session.localpart, others.add(session));
    };
    router.onAccountIq('set', 'enable', CARBONS, (stanza) => {
      enable(sessionOf(stanza));
      return undefined;
    });
    hooks.addBindFeature({
      feature: CARBONS,
      bound: (session, { wishes }) => {
        if (wishes.some((wish) => wish.is('enable', CARBONS))) enable(session);
        return undefined;
      },
    });
    const disable = (session: Session) => {
      const others = enabled.get(session.localpart);
      others?.delete(session);
      if (others?.size !== 0) return;
      enabled.delete(session.localpart);
      copied.forget(session.localpart);
    };
    router.onAccountIq('set', 'disable', CARBONS, (stanza) => {
      disable(sessionOf(stanza));
      return undefined;
    });
    hooks.onSessionEnded(disable);
    hooks.rememberSessions({
      name: 'carbons',
      save: (session) => enabled.get(session.localpart)?.has(session) || undefined,
      restore: enable,
    });

    const copy = (stanza: Stanza, direction: CarbonDirection, to: readonly Session[]) => {
      const [session] = to;
      if (!session) return;
      const { localpart } = session;
      const other = direction === 'sent' ? (stanza.to as Jid) : stanza.from;
      if (stanza.type === 'error') {
        if (!copied.has(localpart, other, stanza.id)) return;
      } else if (isEligible(stanza.element, direction)) copied.add(localpart, other, stanza.id);
      else return;
      const id = direction === 'sent' ? stanza.archivedAs : undefined;
      // Where a message was archived is told to the account that sent it, but to nobody else (XEP-0313 §3.4).
      const inner =
        id === undefined ? stanza.element : stanza.element.append(encodeStanzaId({ id, by: stanza.from.bare }));
      for (const session of to) {
        const carbon = message(typeOf(stanza), {}, encodeCarbon({ direction, message: inner }));
        session.send(Stanza.made(carbon, session.jid.bare, session.jid));
      }
    };
    hooks.onSending((stanza, sender) => {
      if (stanza.kind !== 'message' || enabled.size === 0 || !stanza.to) return;
      const others = enabled.get(sender.localpart);
      // What goes to the account itself is copied as it is received.
      if (!others || stanza.to.bare.equals(stanza.from.bare)) return;
      copy(
        stanza,
        'sent',
        [...others].filter((session) => session !== sender),
      );
    }, PASSES_DATA);
    hooks.onMessageDelivered((stanza, localpart, receivers, isNew) => {
      if (!isNew || enabled.size === 0) return;
      const others = [...(enabled.get(localpart) ?? [])];
      copy(
        stanza,
        'received',
        others.filter((session) => !receivers.includes(session) && !session.jid.equals(stanza.from)),
      );
    }, PASSES_DATA);
  },
};

/** Never `error`: that of a copy would be about the copy. */
function typeOf({ type }: Stanza): 'chat' | 'normal' {
  return type === 'chat' ? 'chat' : 'normal';
}

/** Is a message that is no error one to be copied? @see XEP-0280 §6.1 */
function isEligible(element: Element, direction: CarbonDirection): boolean {
  if (element.child('private', CARBONS) || hasHint(element, 'no-copy')) return false;
  const type = element.attribute('type');
  if (type === 'groupchat' || type === 'headline') return false;
  const muc = element.child('x', MUC_USER);
  // A private message in a room is given to all clients by the room; an invitation is not.
  if (muc && direction === 'received' && !muc.child('invite')) return false;
  if (type === 'chat' || muc || element.child('body')) return true;
  return [RECEIPTS, CHAT_STATES, CHAT_MARKERS, CONFERENCE_INVITATION].some((namespace) => element.childIn(namespace));
}
