import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;
const SUBJECT_ALT_NAME = '2.5.29.17';
/** The OID 1.3.6.1.5.5.7.8.5. @see RFC 6120 §13.7.1.4 */
const XMPP_ADDR = der(0x06, Buffer.from('2b06010505070805', 'hex'));

/** A value of fewer than 256 bytes. @see ITU-T X.690 §8.1 */
function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.concat(content);
  return Uint8Array.from(bytes.length < 128 ? [tag, bytes.length, ...bytes] : [tag, 0x81, bytes.length, ...bytes]);
}

/** A certificate with its key, as files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority that servers of a test trust. */
export class TestAuthority {
  /** Its certificate. */
  readonly file: string;
  readonly #directory: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: CryptoKey;

  private constructor(directory: string, certificate: x509.X509Certificate, key: CryptoKey) {
    this.#directory = directory;
    this.#certificate = certificate;
    this.#key = key;
    this.file = join(directory, 'authority.pem');
    writeFileSync(this.file, certificate.toString('pem'));
  }

  static async create(directory: string): Promise<TestAuthority> {
    x509.cryptoProvider.set(webcrypto as never);
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=Authority of a test',
      notBefore: new Date(Date.now() - HOUR_MS),
      notAfter: new Date(Date.now() + HOUR_MS),
      signingAlgorithm: SIGNING,
      keys: keys as never,
      extensions: [
        new x509.BasicConstraintsExtension(true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign),
      ],
    });
    return new TestAuthority(directory, certificate, keys.privateKey as never);
  }

  /** Certifies domains, for both ends of a connection. */
  issue(...domains: string[]): Promise<CertificateFiles> {
    const names = new x509.SubjectAlternativeNameExtension(domains.map((value) => ({ type: 'dns' as const, value })));
    return this.#issue(domains[0] ?? '', `CN=${domains[0]}`, [names]);
  }

  /** Certifies a client. @param addresses for the entries of the type id-on-xmppAddr @param emails for those of the type rfc822Name */
  certify(name: string, addresses: readonly string[], emails: readonly string[] = []): Promise<CertificateFiles> {
    const entries = [
      ...addresses.map((address) => der(0xa0, XMPP_ADDR, der(0xa0, der(0x0c, Buffer.from(address))))),
      ...emails.map((email) => der(0x81, Buffer.from(email))),
    ];
    const names = entries.length > 0 ? [new x509.Extension(SUBJECT_ALT_NAME, false, der(0x30, ...entries))] : [];
    return this.#issue(`client-${randomBytes(4).toString('hex')}`, `CN=${name}`, names);
  }

  async #issue(file: string, subject: string, names: readonly x509.Extension[]): Promise<CertificateFiles> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: `01${randomBytes(8).toString('hex')}`,
      subject,
      issuer: this.#certificate.subject,
      notBefore: new Date(Date.now() - HOUR_MS),
      notAfter: new Date(Date.now() + HOUR_MS),
      signingAlgorithm: SIGNING,
      publicKey: keys.publicKey as never,
      signingKey: this.#key,
      extensions: [...names, new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])],
    });
    const files = {
      cert: join(this.#directory, `${file}.crt`),
      key: join(this.#directory, `${file}.key`),
    };
    writeFileSync(files.cert, certificate.toString('pem'));
    writeFileSync(files.key, KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }));
    return files;
  }
}
