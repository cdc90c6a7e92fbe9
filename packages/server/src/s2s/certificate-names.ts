import { domainToASCII } from 'node:url';

/** The domains a certificate is made out for. */
export interface CertificateNames {
  /** DNS-ID and SRV-ID: DNS names in ASCII, lower case; the first label may be `*`. */
  readonly dns: readonly string[];
  /** XmppAddr: domains as they are in JIDs. */
  readonly xmpp: readonly string[];
}

const SRV_PREFIX = '_xmpp-server.';

/**
 * Reads the names Node.js tells of a certificate. The Common Name does not count (RFC 9525 §2).
 * @param subjectAltName as `X509Certificate.subjectAltName` gives it
 * @see RFC 6120 §13.7.1.2
 */
export function certificateNames(subjectAltName: string | undefined): CertificateNames {
  const dns: string[] = [];
  const xmpp: string[] = [];
  // What has to be quoted is no domain name, and what is inside the quotes must not be taken for further names.
  const names = (subjectAltName ?? '').replace(/"(?:[^"\\]|\\.)*"/g, '""').split(', ');
  for (const name of names) {
    const [, type = '', value = ''] = /^(DNS|othername:SRVName|othername:XmppAddr):([^"]+)$/.exec(name) ?? [];
    if (type === 'DNS') dns.push(value.toLowerCase());
    else if (type === 'othername:XmppAddr') xmpp.push(value.toLowerCase());
    else if (value.toLowerCase().startsWith(SRV_PREFIX)) dns.push(value.slice(SRV_PREFIX.length).toLowerCase());
  }
  return { dns, xmpp };
}

/**
 * Is the certificate made out for this domain? A wildcard stands for exactly one label, below a name of two at least.
 * @param domain as in a JID
 * @see RFC 6125 §6.4, RFC 6120 §13.7.1.2
 */
export function matchesDomain({ dns, xmpp }: CertificateNames, domain: string): boolean {
  const ascii = domainToASCII(domain);
  if (ascii === '') return false;
  const dot = ascii.indexOf('.');
  const parent = ascii.slice(dot + 1);
  const wildcard = dot > 0 && parent.includes('.') ? `*.${parent}` : undefined;
  return dns.includes(ascii) || (wildcard !== undefined && dns.includes(wildcard)) || xmpp.includes(domain);
}
