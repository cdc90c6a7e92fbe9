import type { Element } from '@thingward/xml';
import { parseElement } from '@thingward/xml';
import { CHAT_STATES, hasHint, type Jid, NS, STANZA_IDS, StanzaError } from '@thingward/xmpp';
import { PASSES_DATA } from '../hooks.ts';
import type { ServerModule } from '../module.ts';
import { type OfflineSchema, OfflineStore, offlineMigrations } from '../offline-store.ts';
import type { Session } from '../session.ts';
import { Stanza } from '../stanza.ts';

/** Keeps messages for accounts that have nobody to take them. @see XEP-0160 */
export const offline: ServerModule = {
  name: 'offline',
  features: ['msgoffline'],
  migrations: offlineMigrations,
  start({ accounts, config, database, hooks, router }) {
    const store = new OfflineStore(database.withTables<OfflineSchema>(), config.offline);
    /** Rows whose messages were given to a client that confirms what it has handled, until it does. */
    const handedOver = new WeakMap<Stanza, number>();
    const pending = new Map<string, Set<number>>();

    const settle = (stanza: Stanza, localpart: string, remove: boolean): void => {
      const row = handedOver.get(stanza);
      if (row === undefined) return;
      const rows = pending.get(localpart);
      rows?.delete(row);
      if (rows?.size === 0) pending.delete(localpart);
      handedOver.delete(stanza);
      if (remove) store.removeSoon(row);
    };

    const handOver = (stanza: Stanza, localpart: string, row: number): void => {
      handedOver.set(stanza, row);
      pending.set(localpart, (pending.get(localpart) ?? new Set()).add(row));
    };
    // Such a message stays in its row until it is acknowledged, also when that is after a restart.
    hooks.rememberSessions({
      name: 'offline',
      save: (_, unacknowledged) => unacknowledged.map((stanza) => handedOver.get(stanza) ?? null),
      restore: ({ localpart }, saved, unacknowledged) => {
        for (const [position, row] of (saved as readonly (number | null)[]).entries()) {
          const stanza = unacknowledged[position];
          if (stanza && row !== null) handOver(stanza, localpart, row);
        }
      },
    });

    hooks.onUndeliverable(async (stanza, localpart) => {
      // It was stored before, and came back unread: it stays where it is.
      if (handedOver.has(stanza)) {
        settle(stanza, localpart, false);
        return true;
      }
      if (!isKept(stanza.element) || !(await accounts.exists(localpart))) return false;
      if (await store.add(localpart, stanza.element.toString(NS.client), Date.now())) return true;
      throw new StanzaError('service-unavailable', `${localpart}@${config.domain} has too many messages waiting`);
    });
    hooks.onStanzaAcknowledged((stanza, session) => settle(stanza, session.localpart, true));
    hooks.onMessageDelivered((stanza, localpart, sessions, isNew) => {
      if (!isNew && sessions.some(({ management }) => management === undefined)) settle(stanza, localpart, true);
    }, PASSES_DATA);

    const flush = async (session: Session): Promise<void> => {
      const { localpart, jid } = session;
      let after = 0;
      for (;;) {
        const rows = await store.list(localpart, after);
        if (rows.length === 0) return;
        for (const { id, text, receivedAt } of rows) {
          after = id;
          if (pending.get(localpart)?.has(id)) continue;
          const element = parseElement(text, { '': NS.client });
          if (session.readsArchive && isInArchive(element, jid.bare)) {
            store.removeSoon(id);
            continue;
          }
          const message = router.delayed(
            Stanza.made(element, router.parseJid(element.attribute('from') ?? ''), jid.bare),
            receivedAt,
          );
          session.send(message);
          if (!session.management) {
            store.removeSoon(id);
            continue;
          }
          handOver(message, localpart, id);
        }
        await store.flush();
      }
    };
    hooks.onAvailable(async (session) => {
      if (session.priority >= 0) await flush(session);
    });
    return () => store.flush();
  },
};

/** Is it a message to be stored? @see XEP-0160 §3, XEP-0334 §4 */
function isKept(element: Element): boolean {
  const type = element.attribute('type') ?? 'normal';
  if (type === 'error' || type === 'groupchat' || type === 'headline' || hasHint(element, 'no-store')) return false;
  if (hasHint(element, 'store')) return true;
  const others = element.elements.filter(({ name, namespace }) => namespace !== CHAT_STATES && name !== 'thread');
  return others.length > 0;
}

/** Does the archive of the account have it? Only the archive of the account can have said so (XEP-0359 §5). */
function isInArchive(element: Element, account: Jid): boolean {
  return element.childrenNamed('stanza-id', STANZA_IDS).some((id) => id.attribute('by') === account.toString());
}
