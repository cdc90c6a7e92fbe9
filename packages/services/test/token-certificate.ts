import { createHash, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { TokenIdentity } from '@thingward/things';
import { tokenIdentityOf } from '@thingward/things/node';

/** A certificate with an RSA key, made for a test. */
export interface TokenCertificate extends TokenIdentity {
  /** SHA-256, in lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** @param validity when it is valid */
export async function tokenCertificate(
  validity: { readonly from: Date; readonly to: Date } = {
    from: new Date('2020-01-01T00:00:00Z'),
    to: new Date('2120-01-01T00:00:00Z'),
  },
): Promise<TokenCertificate> {
  x509.cryptoProvider.set(webcrypto as never);
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Bearer of a token',
    notBefore: validity.from,
    notAfter: validity.to,
    signingAlgorithm: algorithm,
    keys: keys as never,
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${key.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  const certificatePem = certificate.toString('pem');
  const fingerprint = createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex');
  return { ...tokenIdentityOf(certificatePem, keyPem), fingerprint, certificatePem, keyPem };
}
