import { xml } from '@thingward/xml';
import { type Jid, message, type XmppPeer } from '@thingward/xmpp';
import { encodeTable, type Table } from './codec.ts';
import { splitTable } from './split.ts';
import { tableText } from './text.ts';

/**
 * Sends a table to somebody, in as many messages as it needs, each with a text for those who can't show tables.
 * @throws PayloadError for what can't be written; PeerError
 * @see XEP-0000: Tables §3.1, §3.2
 */
export function sendTable(
  peer: XmppPeer,
  to: Jid,
  table: Table,
  { language = 'en', maxBytes }: { readonly language?: string; readonly maxBytes?: number } = {},
): void {
  for (const part of splitTable(table, maxBytes)) {
    const stanza = message('chat', { to }, xml('body', {}, tableText(part)), encodeTable(part));
    peer.send(stanza.with({ 'xml:lang': language }));
  }
}
