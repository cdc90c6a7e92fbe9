import {
  BLOCKING,
  blockedError,
  decodeBlocking,
  encodeBlocking,
  iq,
  type Jid,
  presence,
  StanzaError,
} from '@thingward/xmpp';
import { type BlockingSchema, BlockList, blockingMigrations } from '../block-list.ts';
import type { DataInterest } from '../hooks.ts';
import type { ServerContext, ServerModule } from '../module.ts';
import type { Session } from '../session.ts';
import { Stanza } from '../stanza.ts';

/** Keeps those away whom an account does not want to hear of. @see XEP-0191 */
export const blocking: ServerModule = {
  name: 'blocking',
  features: [BLOCKING],
  migrations: blockingMigrations,
  start(context) {
    const { database, hooks, log, router, sessions } = context;
    const list = new BlockList(database.withTables<BlockingSchema>());
    /** Those that have asked for the list are told of its changes. */
    const interested = new WeakSet<Session>();

    hooks.rememberSessions({
      name: 'blocking',
      save: (session) => interested.has(session) || undefined,
      restore: (session) => interested.add(session),
    });

    const ownOf = ({ from, to }: Stanza): string => {
      if (!to?.equals(from.bare)) throw new StanzaError('forbidden', 'a block list is its owner’s affair');
      return from.local as string;
    };
    const push = (localpart: string, name: 'block' | 'unblock', jids: readonly Jid[]) => {
      for (const session of sessions.of(localpart)) {
        if (!interested.has(session)) continue;
        const element = iq(
          'set',
          { id: `block-${Math.random().toString(36).slice(2, 10)}` },
          encodeBlocking(name, jids),
        );
        session.send(Stanza.made(element, session.jid.bare, session.jid));
      }
    };
    router.onAccountIq('get', 'blocklist', BLOCKING, async (stanza) => {
      const localpart = ownOf(stanza);
      const session = sessions.get(stanza.from);
      if (session) interested.add(session);
      return encodeBlocking('blocklist', [...(await list.of(localpart)).values()]);
    });
    router.onAccountIq('set', 'block', BLOCKING, async (stanza) => {
      const localpart = ownOf(stanza);
      const jids = decodeBlocking(stanza.element.child('block', BLOCKING) as Stanza['element']);
      if (jids.length === 0) throw new StanzaError('bad-request', 'whom?');
      // Said before it is in force, as nothing gets through afterwards.
      for (const jid of jids) await tellPresence(context, localpart, jid, false);
      await list.add(localpart, jids);
      hooks.filterChanged(localpart);
      push(localpart, 'block', jids);
      return undefined;
    });
    router.onAccountIq('set', 'unblock', BLOCKING, async (stanza) => {
      const localpart = ownOf(stanza);
      const named = decodeBlocking(stanza.element.child('unblock', BLOCKING) as Stanza['element']);
      const jids = named.length > 0 ? named : [...(await list.of(localpart)).values()];
      await list.remove(localpart, jids);
      hooks.filterChanged(localpart);
      push(localpart, 'unblock', named);
      for (const jid of jids) await tellPresence(context, localpart, jid, true);
      return undefined;
    });

    // Nobody is cut off from the server or from the account's other clients, whatever is blocked (XEP-0191 §4).
    const isExempt = (other: Jid, localpart: string) =>
      other.domain === context.domain && (other.local === undefined || other.local === localpart);
    const interest: DataInterest = {
      passesData(localpart) {
        const known = list.cached(localpart);
        if (known) return known.size === 0;
        void list.of(localpart).then(
          () => hooks.filterChanged(localpart),
          (error) => log.error({ err: error, localpart }, 'a block list could not be read'),
        );
        return false;
      },
    };
    hooks.onSending((stanza, { localpart }) => {
      const { to } = stanza;
      if (!to || isExempt(to, localpart)) return;
      return ifBlocked(list, localpart, to, () => {
        throw blockedError();
      });
    }, interest);
    hooks.onReceiving((stanza, localpart) => {
      if (isExempt(stanza.from, localpart)) return;
      return ifBlocked(list, localpart, stanza.from, () => {
        if (stanza.kind === 'presence' || (stanza.kind === 'iq' && !stanza.isIqRequest())) return 'stop';
        throw new StanzaError('service-unavailable');
      });
    }, interest);
    hooks.onShowingPresence(async (localpart, contact) => !list.matches(await list.of(localpart), contact));
    hooks.onAccountRemoved((localpart) => list.forget(localpart));
  },
};

/** Calls `then` when the account has blocked the address; waits only when its list has to be read first. */
function ifBlocked(list: BlockList, localpart: string, jid: Jid, then: () => 'stop' | undefined) {
  const known = list.cached(localpart);
  if (known) return known.size > 0 && list.matches(known, jid) ? then() : undefined;
  return list.of(localpart).then((blocked) => (list.matches(blocked, jid) ? then() : undefined));
}

/** Tells those at an address that may see it, or were shown it, what the presence of the account is, or that there is none. */
async function tellPresence(
  { router, rosters, sessions, domain }: ServerContext,
  localpart: string,
  jid: Jid,
  isVisible: boolean,
) {
  for (const { contact, from } of await rosters.entries(localpart)) {
    if (!from || !(contact.equals(jid.bare) || isWithin(contact, jid))) continue;
    // Where one resource is meant, the others of the contact are not told.
    const recipient = jid.resource === undefined ? contact : jid;
    for (const session of sessions.availableOf(localpart)) {
      const stanza = isVisible
        ? (session.available as Stanza).readdressed(recipient)
        : Stanza.made(presence('unavailable', {}), session.jid, recipient);
      if (contact.domain !== domain || contact.local !== undefined) await router.route(stanza);
    }
  }
  if (isVisible) return;
  for (const session of sessions.of(localpart)) {
    for (const address of session.directed) {
      const recipient = router.parseJid(address);
      if (!recipient.equals(jid) && !recipient.bare.equals(jid) && !isWithin(recipient, jid)) continue;
      session.directed.delete(address);
      await router.route(Stanza.made(presence('unavailable', {}), session.jid, recipient));
    }
  }
}

/** Is the address one of a domain that is named as a whole? */
function isWithin(address: Jid, jid: Jid): boolean {
  return jid.local === undefined && jid.resource === undefined && address.domain === jid.domain;
}
