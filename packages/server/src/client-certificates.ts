import { readFileSync } from 'node:fs';
import { createSecureContext, type TLSSocket } from 'node:tls';
import type { Jid } from '@thingward/xmpp';
import { certificateAddresses } from '@thingward/xmpp/node';
import { TlsError } from './tls.ts';

export interface ClientCertificateSettings {
  /** File with the certificates (PEM) of the authorities that certify clients. */
  readonly ca: string;
  /** What else names the account when a certificate has no xmppAddr. */
  readonly fallback: 'none' | 'email' | 'commonName';
}

/** Says for which accounts the certificates of clients speak. @see XEP-0178 §2 */
export class ClientCertificates {
  /** Options of a TLS server that asks clients for certificates, and takes those that have none too. */
  readonly tlsOptions: { readonly ca: string; readonly requestCert: true; readonly rejectUnauthorized: false };
  readonly #fallback: ClientCertificateSettings['fallback'];

  /** @throws TlsError */
  constructor({ ca: file, fallback }: ClientCertificateSettings) {
    let ca: string;
    try {
      ca = readFileSync(file, 'utf8');
      createSecureContext({ ca });
    } catch (error) {
      throw new TlsError(`can't use the authorities ${file} of client certificates: ${(error as Error).message}`);
    }
    if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw new TlsError(`${file} holds no certificates`);
    this.tlsOptions = { ca, requestCert: true, rejectUnauthorized: false };
    this.#fallback = fallback;
  }

  /** Bare JIDs the other side has proved to speak for; none when it has shown no certificate of these authorities. */
  addresses(socket: TLSSocket): readonly Jid[] {
    // A session that is resumed counts as authorized even where it had no certificate.
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (!certificate) return [];
    const addresses = certificateAddresses(certificate);
    if (addresses.xmpp.length > 0 || this.#fallback === 'none') return addresses.xmpp;
    return addresses[this.#fallback];
  }
}
