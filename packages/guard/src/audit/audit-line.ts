import { createHash } from 'node:crypto';
import { AuditError } from './audit-error.ts';
import { canonicalJson, type JsonValue } from './canonical-json.ts';

/** What happened, before it has its place in the log. */
export interface AuditEntry {
  readonly kind: string;
  /** ISO 8601. */
  readonly at: string;
  readonly [name: string]: JsonValue | undefined;
}

/** A line of the log, read. */
export interface AuditRecord {
  /** From 1, without gaps. */
  readonly seq: number;
  /** Hash of the record before. */
  readonly prev: string;
  readonly hash: string;
  readonly entry: AuditEntry;
  /** As it is written. */
  readonly line: string;
}

/** Where a log is: how many records it has, and the hash of the last. */
export interface ChainPlace {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first record. */
export const CHAIN_START: ChainPlace = { seq: 0, hash: '0'.repeat(64) };
/** Without its end. */
export const MAX_LINE_BYTES = 65_536;

const HASH_MEMBER = ',"hash":"';
const HASH = /^[0-9a-f]{64}$/;
const TAIL_LENGTH = HASH_MEMBER.length + 64 + '"}'.length;

/**
 * A record as a line, without its end: the entry, its number and the hash of the record before in canonical JSON, and behind them the
 * SHA-256 of just that.
 */
export function sealLine(entry: AuditEntry, before: ChainPlace): { readonly line: string; readonly place: ChainPlace } {
  const seq = before.seq + 1;
  const body = canonicalJson({ ...entry, seq, prev: before.hash });
  const hash = sha256(body);
  return { line: `${body.slice(0, -1)}${HASH_MEMBER}${hash}"}`, place: { seq, hash } };
}

/** Reads a line and checks its own hash, not what is before it. @throws AuditError `malformed`, `edited` */
export function parseLine(line: string): AuditRecord {
  const tail = line.slice(-TAIL_LENGTH);
  const hash = tail.slice(HASH_MEMBER.length, -2);
  if (!(tail.startsWith(HASH_MEMBER) && tail.endsWith('"}') && HASH.test(hash))) {
    throw new AuditError('malformed', 'it does not end with the hash of a record');
  }
  const body = `${line.slice(0, -TAIL_LENGTH)}}`;
  if (sha256(body) !== hash) throw new AuditError('edited', 'it was changed: its hash is not that of its content');
  const { seq, prev, ...entry } = membersOf(body);
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) {
    throw new AuditError('malformed', 'it has no number');
  }
  if (typeof prev !== 'string' || !HASH.test(prev))
    throw new AuditError('malformed', 'it has no hash of a record before');
  const { kind, at } = entry;
  if (typeof kind !== 'string' || typeof at !== 'string')
    throw new AuditError('malformed', 'it has no kind or no time');
  return { seq, prev, hash, entry: { ...entry, kind, at }, line };
}

function membersOf(body: string): Readonly<Record<string, JsonValue | undefined>> {
  let value: JsonValue;
  try {
    value = JSON.parse(body) as JsonValue;
  } catch (error) {
    throw new AuditError('malformed', 'it is no JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AuditError('malformed', 'it is no record');
  }
  if (!isCanonical(value, body)) throw new AuditError('malformed', 'it is not written as records are');
  return value as Readonly<Record<string, JsonValue | undefined>>;
}

function isCanonical(value: JsonValue, body: string): boolean {
  try {
    return canonicalJson(value) === body;
  } catch (error) {
    // Nested deeper than anything that was ever written.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
