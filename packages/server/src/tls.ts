import { createPrivateKey, KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { asciiDomain } from '@thingward/xmpp';

/** The server's certificate can't be used. */
export class TlsError extends Error {
  override readonly name = 'TlsError';
  readonly code = 'tls';
}

export interface Tls {
  readonly options: SecureContextOptions;
  /** SHA-256 of the certificate, as `sha256:AB:CD:...`. */
  readonly fingerprint: string;
  /** The certificate as DER. */
  readonly certificate: Uint8Array;
  readonly certificateFile: string;
  readonly isSelfSigned: boolean;
  readonly expiresAt: Date;
}

const VALID_DAYS = 825;
const DAY_MS = 86_400_000;

/** So many days before its end a certificate should have been renewed. */
export const RENEW_DAYS = 21;

/** Whole days until the certificate expires; negative when it has. @param now milliseconds since 1970 */
export function daysLeft({ expiresAt }: Tls, now: number): number {
  return Math.floor((expiresAt.getTime() - now) / DAY_MS);
}

/** Loads the certificate and key of the configuration. @throws TlsError */
export function loadTls(certificateFile: string, keyFile: string): Tls {
  const cert = readPem(certificateFile, 'certificate');
  const key = readPem(keyFile, 'key');
  let certificate: X509Certificate;
  let matches: boolean;
  try {
    certificate = new X509Certificate(cert);
    matches = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new TlsError(`${certificateFile} or ${keyFile} is no PEM file: ${(error as Error).message}`);
  }
  if (!matches) throw new TlsError(`${keyFile} is not the key of ${certificateFile}`);
  const options: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2' };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new TlsError(`${certificateFile} with ${keyFile} can't be used: ${(error as Error).message}`);
  }
  return {
    options,
    fingerprint: `sha256:${certificate.fingerprint256}`,
    certificate: new Uint8Array(certificate.raw),
    certificateFile,
    isSelfSigned: certificate.checkIssued(certificate),
    expiresAt: new Date(certificate.validTo),
  };
}

/** The certificate that a server with these options shows, as DER. */
export function certificateIn({ cert }: SecureContextOptions): Uint8Array | undefined {
  const pem = Array.isArray(cert) ? cert[0] : cert;
  return pem === undefined ? undefined : new Uint8Array(new X509Certificate(pem).raw);
}

/** Loads the self-signed certificate in a directory, making one when there is none or it has expired. @throws TlsError */
export async function selfSignedTls(directory: string, domain: string): Promise<Tls> {
  const certificateFile = join(directory, 'certificate.pem');
  const keyFile = join(directory, 'key.pem');
  if (!existsSync(certificateFile) || !existsSync(keyFile) || hasExpired(certificateFile)) {
    const { cert, key } = await makeSelfSigned(asciiDomain(domain));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(certificateFile, cert);
  }
  return loadTls(certificateFile, keyFile);
}

function hasExpired(certificateFile: string): boolean {
  return Date.parse(new X509Certificate(readFileSync(certificateFile)).validTo) < Date.now();
}

async function makeSelfSigned(domain: string): Promise<{ cert: string; key: string }> {
  // Loaded when needed only: a server with a certificate starts without it.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as never);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(8).toString('hex')}`,
    name: `CN=${domain}`,
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + VALID_DAYS * DAY_MS),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: domain }]),
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { cert: certificate.toString('pem'), key: key.toString() };
}

function readPem(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TlsError(`can't read the ${what} ${file}: ${(error as Error).message}`);
  }
}
