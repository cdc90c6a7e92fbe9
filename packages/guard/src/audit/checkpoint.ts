import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { AuditError } from './audit-error.ts';
import { type AuditEntry, type AuditRecord, type ChainPlace, parseLine, sealLine } from './audit-line.ts';
import { canonicalJson } from './canonical-json.ts';

export const CHECKPOINT = 'checkpoint';
/** A checkpoint comes after so many records at the latest. */
export const RECORDS_PER_CHECKPOINT = 1000;
/** So that a signature made for this is good for nothing else. */
const PURPOSE = 'thingward-audit-checkpoint:1\n';

/** A checkpoint: a record like others that is signed, and so vouches for all before it. */
export function checkpointLine(
  key: KeyObject,
  at: string,
  before: ChainPlace,
): { readonly line: string; readonly place: ChainPlace } {
  const entry: AuditEntry = { kind: CHECKPOINT, at, key: keyId(createPublicKey(key)) };
  const signature = sign(null, signedBytes(entry, before), key).toString('base64');
  return sealLine({ ...entry, signature }, before);
}

/** Was it signed with the key? @throws AuditError `signature` */
export function checkSignature({ entry, seq, prev }: AuditRecord, key: KeyObject): void {
  const { signature, ...signed } = entry;
  if (signed.key !== keyId(key)) {
    throw new AuditError('signature', `it names the key ${String(signed.key)}, not ${keyId(key)}`);
  }
  const bytes = signedBytes(signed as AuditEntry, { seq: seq - 1, hash: prev });
  if (typeof signature !== 'string' || !verify(null, bytes, key, Buffer.from(signature, 'base64'))) {
    throw new AuditError('signature', 'its signature was not made with the key');
  }
}

/** A checkpoint that was kept elsewhere: the line as it was printed. @throws AuditError */
export function parseCheckpoint(text: string, key: KeyObject): AuditRecord {
  const record = parseLine(text.trim());
  if (record.entry.kind !== CHECKPOINT) throw new AuditError('malformed', 'it is a record, but no checkpoint');
  checkSignature(record, key);
  return record;
}

/** Names a public key: the first 16 hexadecimal digits of the SHA-256 of its DER. */
export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

function signedBytes(entry: AuditEntry, { seq, hash }: ChainPlace): Buffer {
  return Buffer.from(PURPOSE + canonicalJson({ ...entry, seq: seq + 1, prev: hash }));
}
