import { createHash, createPrivateKey, KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { X509CertificateGenerator, X509Certificate as XCertificate } from '@peculiar/x509';
import { DeviceError } from './device-error.ts';
import { xmppAddressName } from './xmpp-address.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
/** Longer than any device is to be in use. */
const AUTHORITY_DAYS = 30 * 365;
/** A clock that is a little behind must not refuse what was just made. */
const LEEWAY_MS = 3_600_000;
/** @see RFC 5280 §4.2.1.6, §4.2.1.12 */
const SUBJECT_ALT_NAME = '2.5.29.17';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** The longest common name there can be. @see RFC 5280 Appendix A.1 */
const MAX_COMMON_NAME = 64;

/** What a device signs in with. */
export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM (PKCS #8). */
  readonly key: string;
  /** SHA-256, in hexadecimal digits. */
  readonly fingerprint: string;
  readonly expiresAt: Date;
}

/** Where the certificate of a server's device authority is, once it has made one. */
export function deviceAuthorityFile(dataDir: string): string {
  return join(dataDir, 'devices', 'authority.pem');
}

/** The same, where there is one. */
export function existingDeviceAuthority(dataDir: string): string | undefined {
  const file = deviceAuthorityFile(dataDir);
  return existsSync(file) ? file : undefined;
}

/** Certifies devices of this server, and nobody else. Its key never leaves the data directory. @see XEP-0178 §2 */
export class DeviceAuthority {
  /** PEM. */
  readonly certificate: string;
  readonly #issuer: XCertificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #x509: typeof import('@peculiar/x509');

  private constructor(x509: typeof import('@peculiar/x509'), issuer: XCertificate, key: webcrypto.CryptoKey) {
    this.#x509 = x509;
    this.#issuer = issuer;
    this.#key = key;
    this.certificate = issuer.toString('pem');
  }

  /** Loads that of a data directory, making it when there is none. @throws DeviceError `authority` */
  static async open(dataDir: string, domain: string, now = Date.now()): Promise<DeviceAuthority> {
    const x509 = await loadX509();
    const certificateFile = deviceAuthorityFile(dataDir);
    const keyFile = join(dataDir, 'devices', 'authority.key');
    if (!existsSync(certificateFile)) {
      const { certificate, key } = await makeAuthority(x509, domain, now);
      mkdirSync(join(dataDir, 'devices'), { recursive: true, mode: 0o700 });
      // The certificate comes last, and at once: a server takes the authority for there when that is.
      writeFileSync(keyFile, key, { mode: 0o600 });
      writeFileSync(`${certificateFile}.new`, certificate, { mode: 0o644 });
      renameSync(`${certificateFile}.new`, certificateFile);
    }
    try {
      const certificate = readFileSync(certificateFile, 'utf8');
      const key = createPrivateKey(readFileSync(keyFile, 'utf8'));
      if (!new X509Certificate(certificate).checkPrivateKey(key)) throw new Error(`${keyFile} is not its key`);
      const signing = await webcrypto.subtle.importKey(
        'pkcs8',
        key.export({ type: 'pkcs8', format: 'der' }),
        ALGORITHM,
        false,
        ['sign'],
      );
      return new DeviceAuthority(x509, new x509.X509Certificate(certificate), signing);
    } catch (error) {
      const why = (error as Error).message;
      throw new DeviceError('authority', `the device authority ${certificateFile} can't be used: ${why}`, {
        cause: error,
      });
    }
  }

  /** Makes a key and a certificate with which the account can be signed in to. @param jid of the account */
  async certify(jid: string, validDays: number, now = Date.now()): Promise<IssuedCertificate> {
    const x509 = this.#x509;
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const expiresAt = new Date(Math.min(now + validDays * DAY_MS, this.#issuer.notAfter.getTime()));
    // Of an address that is too long the name is left out: what counts is in subjectAltName.
    const subject = new x509.Name(jid.length <= MAX_COMMON_NAME ? [{ CN: [jid] }] : [{ CN: ['Device'] }]);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerialNumber(),
      subject: subject.toArrayBuffer() as never,
      issuer: this.#issuer.subjectName.toArrayBuffer() as never,
      notBefore: new Date(now - LEEWAY_MS),
      notAfter: expiresAt,
      signingAlgorithm: SIGNING,
      publicKey: keys.publicKey as never,
      signingKey: this.#key as never,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([CLIENT_AUTH]),
        new x509.Extension(SUBJECT_ALT_NAME, false, xmppAddressName(jid)),
      ],
    } as Parameters<typeof X509CertificateGenerator.create>[0]);
    const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
    return {
      certificate: `${certificate.toString('pem')}\n`,
      key: key.toString(),
      fingerprint: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
      expiresAt,
    };
  }
}

async function makeAuthority(x509: typeof import('@peculiar/x509'), domain: string, now: number) {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: new x509.Name([{ CN: [`Devices of ${domain}`.slice(0, MAX_COMMON_NAME)] }]).toArrayBuffer() as never,
    notBefore: new Date(now - LEEWAY_MS),
    notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: SIGNING,
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { certificate: `${certificate.toString('pem')}\n`, key: key.toString() };
}

/** Positive, and of 136 random bits. @see RFC 5280 §4.1.2.2 */
function newSerialNumber(): string {
  return `01${randomBytes(17).toString('hex')}`;
}

/** Loaded when needed only: a server that certifies nobody starts without it. */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as never);
  return x509;
}
