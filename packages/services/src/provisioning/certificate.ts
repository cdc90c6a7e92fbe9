import { constants, type KeyObject, publicEncrypt, X509Certificate } from 'node:crypto';
import { StanzaError } from '@thingward/xmpp';

/** Longest certificate that is looked at, and the sizes of keys that are taken: smaller ones can be broken, larger ones cost too much. */
const MAX_CERTIFICATE_BYTES = 16_384;
const KEY_BITS = { least: 2048, most: 8192 } as const;

/** A certificate whose owner can decrypt what is encrypted for it. */
export interface ChallengeableCertificate {
  /** SHA-256, in lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly der: Uint8Array;
  /** Encrypts as RSA-OAEP with SHA-1: what others decrypt with. */
  encrypt(bytes: Uint8Array): Uint8Array;
  isValidAt(time: number): boolean;
}

/** @throws StanzaError `bad-request` when it is no certificate, or one of whose key nothing can be encrypted for */
export function readCertificate(der: Uint8Array): ChallengeableCertificate {
  if (der.length > MAX_CERTIFICATE_BYTES) throw new StanzaError('bad-request', 'the certificate is too long');
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(der);
    key = certificate.publicKey;
  } catch {
    throw new StanzaError('bad-request', 'this is no X.509 certificate in DER');
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < KEY_BITS.least || bits > KEY_BITS.most) {
    throw new StanzaError(
      'bad-request',
      `the certificate needs an RSA key of ${KEY_BITS.least} to ${KEY_BITS.most} bits: a challenge is encrypted with it`,
    );
  }
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  return {
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    der: certificate.raw,
    encrypt: (bytes) => publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, bytes),
    isValidAt: (time) => time >= from && time <= to,
  };
}
