/**
 * Namespaces whose payloads do nothing to a device: they pass without being looked into. Whatever is in neither this table, nor that
 * of containers, nor an inspector's, is unknown, and denied to resources that policies are about.
 */
export const ORDINARY_NAMESPACES: ReadonlySet<string> = new Set([
  // Bodies, subjects and threads of messages (RFC 6121 §5.2), and errors.
  'jabber:client',
  'jabber:server',
  'jabber:component:accept',
  'urn:ietf:params:xml:ns:xmpp-stanzas',
  'urn:ietf:params:xml:ns:xmpp-session',
  'urn:ietf:params:xml:ns:xmpp-bind',
  // Who is there, what it can do, and since when.
  'jabber:iq:roster',
  'jabber:iq:last',
  'jabber:iq:version',
  'jabber:iq:privacy',
  'jabber:x:delay',
  'urn:xmpp:delay',
  'urn:xmpp:time',
  'urn:xmpp:ping',
  'urn:xmpp:idle:1',
  'urn:xmpp:caps',
  'urn:xmpp:blocking',
  'urn:xmpp:blocking:errors',
  'urn:xmpp:csi:0',
  'urn:xmpp:pars:0',
  'http://jabber.org/protocol/caps',
  'http://jabber.org/protocol/disco#info',
  'http://jabber.org/protocol/disco#items',
  'http://jabber.org/protocol/nick',
  'vcard-temp',
  'vcard-temp:x:update',
  // Conversations.
  'http://jabber.org/protocol/chatstates',
  'http://jabber.org/protocol/xhtml-im',
  'http://jabber.org/protocol/muc',
  'http://jabber.org/protocol/muc#user',
  'http://jabber.org/protocol/muc#admin',
  'http://jabber.org/protocol/muc#owner',
  'http://jabber.org/protocol/address',
  'jabber:x:conference',
  'jabber:x:oob',
  'urn:xmpp:receipts',
  'urn:xmpp:chat-markers:0',
  'urn:xmpp:message-correct:0',
  'urn:xmpp:message-retract:1',
  'urn:xmpp:reactions:0',
  'urn:xmpp:reply:0',
  'urn:xmpp:fallback:0',
  'urn:xmpp:hints',
  'urn:xmpp:sid:0',
  'urn:xmpp:attention:0',
  // Accounts and what is kept for them.
  'jabber:iq:register',
  'jabber:iq:private',
  'urn:xmpp:http:upload:0',
  'urn:xmpp:mam:2#extended',
  'http://jabber.org/protocol/rsm',
  'http://jabber.org/protocol/admin',
  // What Things tell, and what says how it is told.
  'urn:xmpp:iot:interoperability',
  'urn:xmpp:eventlog',
  'urn:xmpp:tables',
  'http://jabber.org/protocol/shim',
  'urn:thingward:readout:1',
  'urn:thingward:publication:1',
  'urn:thingward:eventlog:1',
  'urn:nf:iot:synchronization:1.0',
  'urn:ieee:iot:synchronization:1.0',
]);

/**
 * Namespaces that carry other stanzas or payloads, all of which are looked into. What they do by themselves is the affair of whom they are
 * sent to: an archive, a server that copies, a form.
 */
export const CONTAINER_NAMESPACES: ReadonlySet<string> = new Set([
  'urn:xmpp:forward:0',
  'urn:xmpp:carbons:2',
  'urn:xmpp:mam:2',
  'http://jabber.org/protocol/pubsub#event',
  'jabber:x:data',
  'urn:xmpp:xdata:dynamic',
  'urn:thingward:battery:1',
]);
