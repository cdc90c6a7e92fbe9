import { constants, createPrivateKey, type KeyObject, privateDecrypt, X509Certificate } from 'node:crypto';
import type { TokenIdentity } from '../provisioning/token-holder.ts';

/** A certificate and key can't be used for tokens. */
export class TokenIdentityError extends Error {
  override readonly name = 'TokenIdentityError';
  readonly code = 'token-identity';
}

/** The identity that a certificate and its RSA key, both in PEM, are. @throws TokenIdentityError @see XEP-0324 §3.1.3 */
export function tokenIdentityOf(certificatePem: string, keyPem: string): TokenIdentity {
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(certificatePem);
    key = createPrivateKey(keyPem);
  } catch (error) {
    throw new TokenIdentityError(`the certificate or its key can't be read: ${(error as Error).message}`);
  }
  if (key.asymmetricKeyType !== 'rsa')
    throw new TokenIdentityError('the key is not RSA: challenges are encrypted with it');
  if (!certificate.checkPrivateKey(key)) throw new TokenIdentityError('the key does not belong to the certificate');
  return {
    certificate: new Uint8Array(certificate.raw),
    decrypt: async (challenge) =>
      privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, challenge),
  };
}
