import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type TLSSocket } from 'node:tls';
import type { Jid } from '@thingward/xmpp';
import { certificateAddresses } from '@thingward/xmpp/node';
import type { ServerConfig } from './config.ts';
import { existingDeviceAuthority } from './devices/device-authority.ts';
import { TlsError } from './tls.ts';

export interface ClientCertificateSettings {
  /** File with the certificates (PEM) of the authorities that certify clients; undefined where there are none but that of devices. */
  readonly ca?: string | undefined;
  /** What else names the account when a certificate has no xmppAddr. */
  readonly fallback: 'none' | 'email' | 'commonName';
  /** File with the certificate of this server's device authority; undefined where it has none. */
  readonly deviceAuthority?: string | undefined;
}

/** What a configuration, and the device authority where there is one, say of client certificates; undefined where none are asked for. */
export function clientCertificateSettings({
  auth: { clientCertificates },
  dataDir,
}: Pick<ServerConfig, 'auth' | 'dataDir'>): ClientCertificateSettings | undefined {
  const deviceAuthority = existingDeviceAuthority(dataDir);
  if (!clientCertificates && deviceAuthority === undefined) return undefined;
  return { fallback: 'none', ...clientCertificates, deviceAuthority };
}

/** Says for which accounts the certificates of clients speak. @see XEP-0178 §2 */
export class ClientCertificates {
  /** Options of a TLS server that asks clients for certificates, and takes those that have none too. */
  readonly tlsOptions: { readonly ca: string[]; readonly requestCert: true; readonly rejectUnauthorized: false };
  readonly #fallback: ClientCertificateSettings['fallback'];
  readonly #deviceAuthority: X509Certificate | undefined;

  /** @throws TlsError */
  constructor({ ca, fallback, deviceAuthority }: ClientCertificateSettings) {
    const files = [ca, deviceAuthority].filter((file) => file !== undefined);
    this.tlsOptions = { ca: files.map(readAuthorities), requestCert: true, rejectUnauthorized: false };
    this.#fallback = fallback;
    this.#deviceAuthority =
      deviceAuthority === undefined ? undefined : new X509Certificate(readAuthorities(deviceAuthority));
  }

  /**
   * SHA-256 of the other side's certificate where the device authority has issued it: the server has those on record. Undefined for all
   * others.
   */
  deviceCertificate(socket: TLSSocket): string | undefined {
    const certificate = this.#deviceAuthority && socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (!certificate?.checkIssued(this.#deviceAuthority as X509Certificate)) return undefined;
    return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
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

/** @throws TlsError */
function readAuthorities(file: string): string {
  let ca: string;
  try {
    ca = readFileSync(file, 'utf8');
    createSecureContext({ ca });
  } catch (error) {
    throw new TlsError(`can't use the authorities ${file} of client certificates: ${(error as Error).message}`);
  }
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw new TlsError(`${file} holds no certificates`);
  return ca;
}
