import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AuditError } from './audit-error.ts';

const PUBLIC_KEY_FILE = 'public-key.pem';
const PSEUDONYM_BYTES = 32;

/** Where the public key of a log is, beside its files. */
export function publicKeyFile(folder: string): string {
  return join(folder, PUBLIC_KEY_FILE);
}

/** The Ed25519 key that checkpoints are signed with, made when there is none; its public half is put beside the log. @throws AuditError `unusable` */
export function loadAuditKey(file: string, folder: string): KeyObject {
  try {
    const key = createPrivateKey(secretFile(file, newKey));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`expected an Ed25519 key, found ${key.asymmetricKeyType}`);
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
    const shown = publicKeyFile(folder);
    if (!existsSync(shown) || readFileSync(shown, 'utf8') !== pem) writeFileSync(shown, pem, { mode: 0o644 });
    return key;
  } catch (error) {
    throw new AuditError('unusable', `can't use the key of the audit log ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @throws AuditError `unusable` */
export function readPublicKey(file: string): KeyObject {
  try {
    const key = createPublicKey(readFileSync(file, 'utf8'));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`expected an Ed25519 key, found ${key.asymmetricKeyType}`);
    return key;
  } catch (error) {
    throw new AuditError('unusable', `can't use the public key ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Writes something else for each address: always the same, and none who has not the key finds out for whom. */
export type Pseudonyms = (jid: string) => string;

/** Pseudonyms by a key of their own, made when there is none. @throws AuditError `unusable` */
export function loadPseudonyms(file: string): Pseudonyms {
  try {
    const key = Buffer.from(
      secretFile(file, () => randomBytes(PSEUDONYM_BYTES).toString('base64url')).trim(),
      'base64url',
    );
    if (key.length !== PSEUDONYM_BYTES) throw new Error(`expected ${PSEUDONYM_BYTES} bytes, found ${key.length}`);
    return (jid) => `p-${createHmac('sha256', key).update(jid).digest('hex').slice(0, 20)}`;
  } catch (error) {
    throw new AuditError('unusable', `can't use the key of pseudonyms ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function secretFile(file: string, make: () => string): string {
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, make(), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8');
}
