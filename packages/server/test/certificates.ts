import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;

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
  async issue(...domains: string[]): Promise<CertificateFiles> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: `01${randomBytes(8).toString('hex')}`,
      subject: `CN=${domains[0]}`,
      issuer: this.#certificate.subject,
      notBefore: new Date(Date.now() - HOUR_MS),
      notAfter: new Date(Date.now() + HOUR_MS),
      signingAlgorithm: SIGNING,
      publicKey: keys.publicKey as never,
      signingKey: this.#key,
      extensions: [
        new x509.SubjectAlternativeNameExtension(domains.map((value) => ({ type: 'dns' as const, value }))),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
      ],
    });
    const files = {
      cert: join(this.#directory, `${domains[0]}.crt`),
      key: join(this.#directory, `${domains[0]}.key`),
    };
    writeFileSync(files.cert, certificate.toString('pem'));
    writeFileSync(files.key, KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }));
    return files;
  }
}
