import { type Element, xml } from '@thingward/xml';
import {
  decodeRosterItem,
  encodeRosterItem,
  iq,
  type Jid,
  NS,
  presence,
  ROSTER_VERSIONING,
  StanzaError,
} from '@thingward/xmpp';
import type { ServerContext, ServerModule } from '../module.ts';
import { type RosterEntry, toRosterItem } from '../roster-store.ts';
import { Stanza } from '../stanza.ts';

const MAX_NAME_LENGTH = 1023;
const MAX_GROUPS = 50;

/** @see RFC 6121 §2 */
export const roster: ServerModule = {
  name: 'roster',
  start(context) {
    const { hooks, router, rosters, sessions } = context;
    const { limits } = context.config;
    hooks.addStreamFeature(({ authenticated }) =>
      authenticated ? xml('ver', { xmlns: ROSTER_VERSIONING }) : undefined,
    );
    hooks.onAccountRemoved((localpart) => rosters.forget(localpart));

    router.onAccountIq('get', 'query', NS.roster, async ({ from, to, element }) => {
      ownOnly(from, to);
      const localpart = from.local as string;
      const session = sessions.get(from);
      if (session) session.wantsRoster = true;
      const known = element.child('query', NS.roster)?.attribute('ver');
      const version = known === undefined ? undefined : await rosters.version(localpart);
      // What the client has is what there is (RFC 6121 §2.6.3).
      if (known !== undefined && known === version) return undefined;
      const entries = await rosters.entries(localpart);
      const items = entries.filter(({ inRoster }) => inRoster).map((entry) => encodeRosterItem(toRosterItem(entry)));
      return xml('query', { xmlns: NS.roster, ver: version }, items);
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
      if (!entry.inRoster && (await rosters.count(localpart)) >= limits.maxRosterEntries) {
        throw new StanzaError('resource-constraint', `a roster has at most ${limits.maxRosterEntries} entries`);
      }
      const changed = { ...entry, name: item.name, groups: item.groups, inRoster: true };
      await rosters.save(localpart, changed);
      await pushRosterItem(context, localpart, changed);
      return undefined;
    });
  },
};

/** Tells all clients of the account that asked for the roster. @see RFC 6121 §2.1.6, §2.6 */
export function pushRosterItem(context: ServerContext, localpart: string, entry: RosterEntry): Promise<void> {
  return push(context, localpart, encodeRosterItem(toRosterItem(entry)));
}

async function push({ rosters, sessions }: ServerContext, localpart: string, item: Element): Promise<void> {
  const interested = sessions.of(localpart).filter(({ wantsRoster }) => wantsRoster);
  if (interested.length === 0) return;
  const query = xml('query', { xmlns: NS.roster, ver: await rosters.version(localpart) }, item);
  for (const session of interested) {
    const id = `push-${Math.random().toString(36).slice(2, 10)}`;
    session.send(Stanza.made(iq('set', { id }, query), session.jid.bare, session.jid));
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
  await push(context, localpart, xml('item', { jid: entry.contact.toString(), subscription: 'remove' }));
}

function ownOnly(from: Jid, to: Jid | undefined): void {
  if (!to || !from.bare.equals(to.bare)) throw new StanzaError('forbidden', 'a roster is seen by its owner only');
}
