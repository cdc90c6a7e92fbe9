import { type Jid, message, type RequestOptions, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { encodeLoggedEvent, type LoggedEvent } from './codec.ts';
import { decodeEventLogAnswer, type EventLogAnswer, type EventLogQuery, encodeEventLogQuery } from './query-codec.ts';

/** Tells a log of events what happened, in one message. @throws PayloadError for what can't be written; PeerError @see XEP-0337 §3 */
export function sendEvents(peer: Pick<XmppPeer, 'send'>, log: Jid, events: readonly LoggedEvent[]): void {
  const stanza = message('normal', { to: log }, ...events.map(encodeLoggedEvent));
  peer.send(stanza.with({ 'xml:lang': 'en' }));
}

/** Asks one of our logs for events. @throws StanzaError */
export async function queryEventLog(
  peer: XmppPeer,
  log: Jid,
  query: EventLogQuery,
  options?: RequestOptions,
): Promise<EventLogAnswer> {
  const answer = await peer.request('get', log, encodeEventLogQuery(query), options);
  if (answer === undefined) throw new StanzaError('undefined-condition', 'the answer has no events');
  return decodeEventLogAnswer(answer);
}
