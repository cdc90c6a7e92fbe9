import type { X509Certificate } from 'node:crypto';
import { Jid } from '../jid.ts';

/** Who a client's certificate says its holder is. What is no bare JID is left out. */
export interface CertificateAddresses {
  /** subjectAltName entries of the type id-on-xmppAddr. @see RFC 6120 §13.7.1.4 */
  readonly xmpp: readonly Jid[];
  /** subjectAltName entries of the type rfc822Name. */
  readonly email: readonly Jid[];
  readonly commonName: readonly Jid[];
}

/** One name as Node.js writes it: quoted where it could be mistaken for several. */
const NAME = /(?:^|, )([^:"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy;
const XMPP = 'XmppAddr:';

/** Reads the addresses in a certificate; whether it can be believed is for others to say. */
export function certificateAddresses(certificate: X509Certificate): CertificateAddresses {
  const xmpp: string[] = [];
  const email: string[] = [];
  for (const [, type, text = ''] of (certificate.subjectAltName ?? '').matchAll(NAME)) {
    const value = unquoted(text);
    if (type === 'email') email.push(value);
    else if (type === 'othername' && value.startsWith(XMPP)) xmpp.push(value.slice(XMPP.length));
  }
  const { CN = [] } = certificate.toLegacyObject().subject as { readonly CN?: string | readonly string[] };
  return { xmpp: bareJids(xmpp), email: bareJids(email), commonName: bareJids([CN].flat()) };
}

/** What can't be read names nobody. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return '';
  }
}

function bareJids(texts: readonly string[]): readonly Jid[] {
  const jids = new Map<string, Jid>();
  for (const text of texts) {
    const jid = Jid.tryParse(text);
    if (jid?.local !== undefined && !jid.isFull) jids.set(jid.toString(), jid);
  }
  return [...jids.values()];
}
