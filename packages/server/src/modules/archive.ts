import type { Element } from '@thingward/xml';
import { decodeUtf8, parseElement } from '@thingward/xml';
import {
  ARCHIVE,
  ARCHIVE_EXTENDED,
  ARCHIVE_GROUPCHAT_FIELD,
  decodeArchivePreferences,
  decodeArchiveQuery,
  encodeArchiveFin,
  encodeArchiveForm,
  encodeArchiveMetadata,
  encodeArchivePreferences,
  encodeArchiveResult,
  encodeStanzaId,
  HINTS,
  hasHint,
  type Jid,
  message,
  NS,
  RESULT_SET,
  StanzaError,
} from '@thingward/xmpp';
import { ArchiveIds } from '../archive/archive-ids.ts';
import { ArchivePolicy } from '../archive/archive-policy.ts';
import { ArchiveReader } from '../archive/archive-reader.ts';
import { ArchiveRetention } from '../archive/archive-retention.ts';
import { type ArchiveSchema, archiveMigrations } from '../archive/archive-tables.ts';
import { type ArchivedMessage, ArchiveWriter } from '../archive/archive-writer.ts';
import { type MaybePromise, PASSES_DATA } from '../hooks.ts';
import type { ServerModule } from '../module.ts';
import type { Session } from '../session.ts';
import { Stanza } from '../stanza.ts';

const MINUTE_MS = 60_000;
const TRIM_ALL_MINUTES = 60;

/** Keeps what accounts say and hear, and gives it to their clients. @see XEP-0313, XEP-0441 */
export const archive: ServerModule = {
  name: 'archive',
  migrations: archiveMigrations,
  start({ config, database, disco, hooks, log, rosters, router, sessions }) {
    if (!config.archive.enabled) return;
    disco.addFeature('account', ARCHIVE, ARCHIVE_EXTENDED, ARCHIVE_GROUPCHAT_FIELD, RESULT_SET);
    const tables = database.withTables<ArchiveSchema>();
    const ids = new ArchiveIds();
    const writer = new ArchiveWriter(tables, log);
    const reader = new ArchiveReader(tables);
    const policy = new ArchivePolicy(tables, rosters, config.archive);
    const retention = new ArchiveRetention(tables, config.archive);
    let isReady = false;
    const ready = reader.newestId().then((newest) => {
      if (newest !== undefined) ids.continueAfter(newest);
      isReady = true;
    });
    // Whoever needs it hears of its failure.
    ready.catch(() => undefined);

    /** A UID for the message when it is to be archived. */
    const identify = (stanza: Stanza, own: Jid, peer: Jid): MaybePromise<string | undefined> => {
      if (!mayBeArchived(stanza)) return undefined;
      if (!isReady) return ready.then(() => identify(stanza, own, peer));
      const wanted = policy.wants(own, peer);
      if (!(wanted instanceof Promise)) return wanted ? chosen(stanza) : undefined;
      return wanted.then((later) => (later ? chosen(stanza) : undefined));
    };
    const chosen = (stanza: Stanza): MaybePromise<string | undefined> => {
      if (!isArchived(stanza.element)) return undefined;
      if (!writer.isFull) return ids.next(Date.now());
      return writer.room().then(() => ids.next(Date.now()));
    };
    const write = (entry: ArchivedMessage) => {
      writer.add(entry);
      retention.grew(entry.localpart);
    };

    hooks.onSending((stanza, { jid, localpart }) => {
      const { to } = stanza;
      // What goes to the account itself is archived as it is received.
      if (stanza.kind !== 'message' || !to || to.bare.equals(jid.bare)) return;
      const receivedAt = Date.now();
      return after(identify(stanza, jid.bare, to), (id) => {
        if (id === undefined) return undefined;
        stanza.archivedAs = id;
        write({ localpart, id, receivedAt, peer: to, ownResource: jid.resource, text: textOf(stanza) });
        return undefined;
      });
    }, PASSES_DATA);

    /** What is being delivered; archived when somebody has taken it. */
    const delivering = new WeakMap<Stanza, ArchivedMessage>();
    hooks.onReceiving((stanza, localpart) => {
      if (stanza.kind !== 'message') return;
      const { from: peer } = stanza;
      const to = stanza.to as Jid;
      const receivedAt = Date.now();
      return after(identify(stanza, to.bare, peer), (id) => {
        if (id === undefined) return undefined;
        const identified = stanza.appended(encodeStanzaId({ id, by: to.bare }));
        const text = textOf(stanza);
        delivering.set(identified, { localpart, id, receivedAt, peer, ownResource: to.resource, text });
        return identified;
      });
    }, PASSES_DATA);
    const delivered = (stanza: Stanza) => {
      const entry = delivering.get(stanza);
      if (!entry) return;
      delivering.delete(stanza);
      write(entry);
    };
    hooks.onMessageDelivered((stanza, _, receivers) => {
      if (receivers.length > 0) delivered(stanza);
    }, PASSES_DATA);
    hooks.onMessageKept(delivered);

    const ownSession = ({ from, to }: Stanza): Session => {
      const session = to?.equals(from.bare) ? sessions.get(from) : undefined;
      if (!session) throw new StanzaError('forbidden', 'an archive is for its own account only');
      return session;
    };
    router.onAccountIq('set', 'query', ARCHIVE, async (stanza) => {
      const session = ownSession(stanza);
      const { filter, page, flipPage, node, queryId } = decodeArchiveQuery(payloadOf(stanza));
      if (node !== undefined) throw new StanzaError('item-not-found', 'an account has one archive, without nodes');
      await writer.flush();
      const own = session.jid.bare;
      const { messages, isComplete, count, index } = await reader.page(own, filter, page);
      for (const { id, receivedAt, text } of flipPage ? messages.toReversed() : messages) {
        const original = parseElement(text, { '': NS.client });
        const result = encodeArchiveResult({ queryId, id, stamp: receivedAt, message: original });
        session.send(Stanza.made(message('normal', {}, result), own, session.jid));
      }
      const [first, last] = [messages[0]?.id, messages.at(-1)?.id];
      return encodeArchiveFin({ isComplete, page: { first, last, index, count } });
    });
    router.onAccountIq('get', 'query', ARCHIVE, (stanza) => {
      ownSession(stanza);
      return encodeArchiveForm();
    });
    const metadata = async (own: Jid) => {
      await writer.flush();
      return encodeArchiveMetadata(await reader.metadata(own));
    };
    router.onAccountIq('get', 'metadata', ARCHIVE, (stanza) => metadata(ownSession(stanza).jid.bare));
    hooks.addBindFeature({
      bound: (session) => {
        session.readsArchive = true;
        return metadata(session.jid.bare);
      },
    });
    router.onAccountIq('get', 'prefs', ARCHIVE, async (stanza) => {
      const { localpart } = ownSession(stanza);
      return encodeArchivePreferences(await policy.preferences(localpart));
    });
    router.onAccountIq('set', 'prefs', ARCHIVE, async (stanza) => {
      const { localpart } = ownSession(stanza);
      await policy.setPreferences(localpart, decodeArchivePreferences(payloadOf(stanza)));
      return encodeArchivePreferences(await policy.preferences(localpart));
    });

    const stopped = new AbortController();
    let minutes = 0;
    const maintain = async () => {
      policy.forget();
      try {
        if (minutes++ % TRIM_ALL_MINUTES === 0) await retention.trimAll(Date.now(), stopped.signal);
        else await retention.trimGrown(stopped.signal);
      } catch (error) {
        log.error({ err: error }, 'archives could not be trimmed');
      }
      if (!stopped.signal.aborted) timer = setTimeout(maintain, MINUTE_MS).unref();
    };
    let timer = setTimeout(maintain, MINUTE_MS).unref();
    return async () => {
      stopped.abort();
      clearTimeout(timer);
      await writer.stop();
    };
  },
};

/** Can it be one that is archived? Decided without looking inside, as nearly all stanzas of sensors are not. */
function mayBeArchived(stanza: Stanza): boolean {
  const { type } = stanza;
  if (type === 'error' || type === 'groupchat') return false;
  return (type !== 'headline' && stanza.hasChild('body', NS.client)) || stanza.hasChild('store', HINTS);
}

/** Is it conversation? @see XEP-0313 §6.1.1, XEP-0334 §4 */
function isArchived(element: Element): boolean {
  if (hasHint(element, 'no-store') || hasHint(element, 'no-permanent-store')) return false;
  if (hasHint(element, 'store')) return true;
  return element.attribute('type') !== 'headline' && element.child('body') !== undefined;
}

function payloadOf({ element }: Stanza): Element {
  return element.elements[0] as Element;
}

function textOf(stanza: Stanza): string {
  const { streamBytes } = stanza;
  return decodeUtf8(streamBytes, 0, streamBytes.length);
}

function after<T, U>(value: MaybePromise<T>, then: (value: T) => U): MaybePromise<U> {
  return value instanceof Promise ? value.then(then) : then(value);
}
