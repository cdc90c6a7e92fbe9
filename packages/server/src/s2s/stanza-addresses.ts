import type { Frame } from '@thingward/xml';
import { type Jid, JidError, StreamError } from '@thingward/xmpp';
import type { DialbackResponder } from './dialback-responder.ts';

/**
 * The addresses of a stanza another server sent, checked against the pairs that were accepted.
 * @returns `to` undefined where it is malformed, which is the sender's fault and not that of its server
 * @throws StreamError
 * @see RFC 6120 §4.9.3.7, §4.9.3.10, §8.1.1.2, §8.1.2.2
 */
export function stanzaAddresses(
  { head }: Frame,
  responder: DialbackResponder,
  isLocal: (domain: string) => boolean,
  parseJid: (text: string) => Jid,
): { readonly from: Jid; readonly to: Jid | undefined } {
  const { name, attributes } = head;
  if (!responder.isAuthorized) throw new StreamError('not-authorized', 'authenticate first');
  if (name !== 'iq' && name !== 'message' && name !== 'presence') {
    throw new StreamError('unsupported-stanza-type', `<${name}/> is no stanza`);
  }
  const from = tryParse(attributes.from, parseJid);
  if (!from || !attributes.to) throw new StreamError('improper-addressing', 'a stanza between servers has from and to');
  if (!responder.knows(from.domain)) throw new StreamError('invalid-from', `this stream is not that of ${from.domain}`);
  const to = tryParse(attributes.to, parseJid);
  if (!to) return { from, to };
  if (!isLocal(to.domain)) throw new StreamError('host-unknown', `${to.domain} is not served here`);
  if (!responder.accepts({ from: from.domain, to: to.domain })) {
    throw new StreamError('invalid-from', `this stream is not one from ${from.domain} to ${to.domain}`);
  }
  return { from, to };
}

function tryParse(text: string | undefined, parseJid: (text: string) => Jid): Jid | undefined {
  if (!text) return undefined;
  try {
    return parseJid(text);
  } catch (error) {
    if (error instanceof JidError) return undefined;
    throw error;
  }
}
