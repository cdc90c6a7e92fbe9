import { xml } from '@thingward/xml';
import { decodeRosterItem, encodeRosterItem, iq, type Jid, NS, presence, StanzaError } from '@thingward/xmpp';
import type { ServerContext, ServerModule } from '../module.ts';
import { MAX_ROSTER_ENTRIES, type RosterEntry, toRosterItem } from '../roster-store.ts';
import { Stanza } from '../stanza.ts';

const MAX_NAME_LENGTH = 1023;
const MAX_GROUPS = 50;

/** @see RFC 6121 §2 */
export const roster: ServerModule = {
  name: 'roster',
  start(context) {
    const { router, rosters, sessions } = context;

    router.onAccountIq('get', 'query', NS.roster, async ({ from, to }) => {
      ownOnly(from, to);
      const session = sessions.get(from);
      if (session) session.wantsRoster = true;
      const entries = await rosters.entries(from.local as string);
      const items = entries.filter(({ inRoster }) => inRoster).map((entry) => encodeRosterItem(toRosterItem(entry)));
      return xml('query', { xmlns: NS.roster }, items);
    });

    router.onAccountIq('set', 'query', NS.roster, async ({ from, to, element }) => {
      ownOnly(from, to);
      const items = element.child('query', NS.roster)?.childrenNamed('item') ?? [];
      const [first, ...others] = items;
      if (!first || others.length > 0) throw new StanzaError('bad-request', 'a roster set has exactly one item');
      const item = decodeRosterItem(first);
      const localpart = from.local as string;
      if (item.jid.equals(from.bare)) throw new StanzaError('not-allowed', 'an account is not its own contact');
      const entry = await rosters.entry(localpart, item.jid);
      if (item.subscription === 'remove') {
        if (!entry.inRoster) throw new StanzaError('item-not-found');
        await remove(context, from, entry);
        return undefined;
      }
      if ((item.name?.length ?? 0) > MAX_NAME_LENGTH || item.groups.length > MAX_GROUPS) {
        throw new StanzaError('not-acceptable', 'the name is too long or there are too many groups');
      }
      if (item.groups.some((group) => group === '' || group.length > MAX_NAME_LENGTH)) {
        throw new StanzaError('not-acceptable', 'the name of a group is empty or too long');
      }
      if (new Set(item.groups).size < item.groups.length) throw new StanzaError('bad-request', 'a group appears twice');
      if (!entry.inRoster && (await rosters.count(localpart)) >= MAX_ROSTER_ENTRIES) {
        throw new StanzaError('resource-constraint', `a roster has at most ${MAX_ROSTER_ENTRIES} entries`);
      }
      const changed = { ...entry, name: item.name, groups: item.groups, inRoster: true };
      await rosters.save(localpart, changed);
      pushRosterItem(context, localpart, changed);
      return undefined;
    });
  },
};

/** Tells all clients of the account that asked for the roster. @see RFC 6121 §2.1.6 */
export function pushRosterItem({ sessions }: ServerContext, localpart: string, entry: RosterEntry): void {
  push(sessions.of(localpart), encodeRosterItem(toRosterItem(entry)));
}

function push(sessions: ReturnType<ServerContext['sessions']['of']>, item: ReturnType<typeof encodeRosterItem>): void {
  for (const session of sessions) {
    if (!session.wantsRoster) continue;
    const id = `push-${Math.random().toString(36).slice(2, 10)}`;
    const element = iq('set', { id }, xml('query', { xmlns: NS.roster }, item));
    session.send(Stanza.made(element, session.jid.bare, session.jid));
  }
}

/** Takes a contact out and ends the subscriptions both ways. @see RFC 6121 §2.5.2 */
async function remove(context: ServerContext, from: Jid, entry: RosterEntry): Promise<void> {
  const localpart = from.local as string;
  const session = context.sessions.get(from);
  for (const [holds, type] of [
    [entry.to || entry.pendingOut, 'unsubscribe'],
    [entry.from || entry.pendingIn, 'unsubscribed'],
  ] as const) {
    if (!holds || !session) continue;
    await context.router.fromClient(Stanza.made(presence(type, {}), from, entry.contact), session);
  }
  await context.rosters.remove(localpart, entry.contact);
  push(context.sessions.of(localpart), xml('item', { jid: entry.contact.toString(), subscription: 'remove' }));
}

function ownOnly(from: Jid, to: Jid | undefined): void {
  if (!to || !from.bare.equals(to.bare)) throw new StanzaError('forbidden', 'a roster is seen by its owner only');
}
