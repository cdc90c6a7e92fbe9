import type { KeyObject } from 'node:crypto';
import { AuditChain } from './audit-chain.ts';
import { AuditError, type AuditErrorCode } from './audit-error.ts';
import { filesIn, linesOf } from './audit-folder.ts';
import type { AuditRecord } from './audit-line.ts';

/** Something that is wrong with a log. */
export interface AuditProblem {
  readonly code: AuditErrorCode;
  /** Name of the file, where it is about one. */
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  readonly reason: string;
}

export interface Verification {
  readonly problems: readonly AuditProblem[];
  /** Are there more than are listed? */
  readonly hasMoreProblems: boolean;
  readonly files: number;
  readonly records: number;
  readonly first: AuditRecord | undefined;
  /** The last checkpoint, as a record. */
  readonly checkpoint: AuditRecord | undefined;
  /** Records after it, for which nothing vouches but that they follow each other. */
  readonly unsigned: number;
}

const MAX_PROBLEMS = 100;

/**
 * Reads a log from its beginning to its end.
 * @param key the public key its checkpoints are checked with
 * @param kept checkpoints that were kept elsewhere: the log must have each of them
 */
export async function verifyAudit(
  folder: string,
  key: KeyObject,
  kept: readonly AuditRecord[] = [],
): Promise<Verification> {
  const chain = new AuditChain(key);
  const problems: AuditProblem[] = [];
  let found = 0;
  const wrong = (problem: AuditProblem) => {
    if (++found <= MAX_PROBLEMS) problems.push(problem);
  };
  const awaited = new Map(kept.map((record) => [record.seq, record]));
  const files = filesIn(folder);
  for (const [index, file] of files.entries()) {
    let last = 0;
    for await (const line of linesOf(file.path)) {
      last = line.number;
      const at = { file: file.name, line: line.number };
      if (!line.isWhole) {
        wrong({
          code: 'torn',
          ...at,
          reason: 'the line has no end: the log was cut off here, or the program stopped while writing',
        });
        continue;
      }
      try {
        const before = chain.count;
        let record: AuditRecord | undefined;
        try {
          record = chain.next(line.text);
        } finally {
          if (line.number === 1 && chain.count > before && chain.place.seq !== file.first) {
            wrong({
              code: 'order',
              ...at,
              reason: `the name of the file says that it begins with record ${file.first}`,
            });
          }
        }
        const other = awaited.get(record.seq);
        if (other?.hash === record.hash) awaited.delete(record.seq);
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        wrong({ code: error.code, ...at, reason: error.message });
      }
    }
    if (last === 0 && index < files.length - 1) wrong({ code: 'gap', file: file.name, reason: 'the file is empty' });
  }
  try {
    chain.end();
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    wrong({ code: error.code, file: files[0]?.name, line: 1, reason: error.message });
  }
  for (const { seq, entry } of awaited.values()) {
    const ends = chain.place.seq;
    if (seq < (chain.first?.seq ?? 0)) {
      wrong({
        code: 'truncated',
        reason: `the checkpoint of ${entry.at} is record ${seq}, which is no longer in the log`,
      });
    } else if (seq > ends) {
      const more = `a checkpoint that was kept elsewhere says that there were ${seq} on ${entry.at}`;
      wrong({ code: 'truncated', reason: `the log ends with record ${ends}, but ${more}` });
    } else {
      wrong({
        code: 'rewritten',
        reason: `record ${seq} is not the checkpoint of ${entry.at} that was kept elsewhere`,
      });
    }
  }
  const { first, checkpoint, unsigned, count } = chain;
  return {
    problems,
    hasMoreProblems: found > problems.length,
    files: files.length,
    records: count,
    first,
    checkpoint,
    unsigned,
  };
}
