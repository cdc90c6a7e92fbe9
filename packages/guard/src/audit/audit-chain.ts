import type { KeyObject } from 'node:crypto';
import { AuditError } from './audit-error.ts';
import { type AuditRecord, CHAIN_START, type ChainPlace, parseLine } from './audit-line.ts';
import { CHECKPOINT, checkSignature, RECORDS_PER_CHECKPOINT } from './checkpoint.ts';

/** What a log says of records that were removed because they were old. */
export const RETENTION = 'retention';
/** What a program says that found the log other than it left it. */
export const DAMAGED = 'damaged';
/** Rotation and ends of programs add some to the records between two checkpoints. */
const MAX_UNSIGNED = RECORDS_PER_CHECKPOINT + 600;

/** Follows a log line by line, and says what is wrong with it. After an error it goes on with what the line says of itself. */
export class AuditChain {
  readonly #key: KeyObject | undefined;
  #place: ChainPlace = CHAIN_START;
  #first: AuditRecord | undefined;
  #checkpoint: AuditRecord | undefined;
  #count = 0;
  #unsigned = 0;
  readonly #removed = new Map<number, string>();

  /** @param key undefined: signatures are not looked at */
  constructor(key: KeyObject | undefined) {
    this.#key = key;
  }

  get place(): ChainPlace {
    return this.#place;
  }

  get count(): number {
    return this.#count;
  }

  get first(): AuditRecord | undefined {
    return this.#first;
  }

  /** The last that was read. */
  get checkpoint(): AuditRecord | undefined {
    return this.#checkpoint;
  }

  /** Records that no checkpoint vouches for yet. */
  get unsigned(): number {
    return this.#unsigned;
  }

  /** Takes the next line. @throws AuditError */
  next(line: string): AuditRecord {
    const record = parseLine(line);
    const before = this.#place;
    this.#place = { seq: record.seq, hash: record.hash };
    this.#count++;
    this.#unsigned++;
    this.#first ??= record;
    const { kind, through, hash } = record.entry;
    if (kind === RETENTION && typeof through === 'number' && typeof hash === 'string') this.#removed.set(through, hash);
    if (this.#first !== record) follows(record, before);
    if (kind === CHECKPOINT) {
      if (this.#key) checkSignature(record, this.#key);
      this.#checkpoint = record;
      this.#unsigned = 0;
    }
    if (this.#unsigned === MAX_UNSIGNED + 1) {
      throw new AuditError('unsigned', `there are more than ${MAX_UNSIGNED} records since the last checkpoint`);
    }
    if (kind === DAMAGED) throw new AuditError('damaged', `${String(record.entry.reason)} (found ${record.entry.at})`);
    return record;
  }

  /** Is what is before the first line accounted for? @throws AuditError `truncated` */
  end(): void {
    const first = this.#first;
    if (!first) return;
    if (first.seq === 1) {
      if (first.prev !== CHAIN_START.hash) throw new AuditError('order', 'the first record follows another');
      return;
    }
    if (this.#removed.get(first.seq - 1) === first.prev) return;
    throw new AuditError(
      'truncated',
      `the log begins with record ${first.seq}, and no record says that those before were removed for their age`,
    );
  }
}

function follows({ seq, prev }: AuditRecord, before: ChainPlace): void {
  if (seq === before.seq + 1) {
    if (prev === before.hash) return;
    throw new AuditError(
      'order',
      `record ${seq} does not follow the line before it: that one was changed or exchanged`,
    );
  }
  if (seq > before.seq) {
    const missing = seq - before.seq - 1;
    const what = missing === 1 ? `record ${seq - 1} is` : `records ${before.seq + 1} to ${seq - 1} are`;
    throw new AuditError('gap', `${what} missing`);
  }
  throw new AuditError('order', `record ${seq} comes after record ${before.seq}`);
}
