import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_LINE_BYTES } from './audit-line.ts';

const FILE = /^audit-(\d{12})\.jsonl$/;
const NEWLINE = 0x0a;

/** A file of a log, named after its first record. */
export interface AuditFile {
  readonly path: string;
  readonly name: string;
  /** Number of its first record. */
  readonly first: number;
}

/** A line of a file, without its end. */
export interface FileLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Where it begins. */
  readonly offset: number;
  /** False for a last line without an end, and for one that is longer than any line may be, of which this is the beginning. */
  readonly isWhole: boolean;
}

export function fileOf(folder: string, first: number): AuditFile {
  const name = `audit-${String(first).padStart(12, '0')}.jsonl`;
  return { path: join(folder, name), name, first };
}

/** The files of a log in order. */
export function filesIn(folder: string): readonly AuditFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => FILE.test(name))
    .sort()
    .map((name) => ({ path: join(folder, name), name, first: Number(FILE.exec(name)?.[1]) }));
}

/** The lines of a file. Ends after a line that is too long. */
export async function* linesOf(path: string): AsyncGenerator<FileLine> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  let number = 0;
  for await (const chunk of createReadStream(path)) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE, from)) {
      const bytes = rest.subarray(from, end);
      yield { number: ++number, text: textOf(bytes), offset: offset + from, isWhole: bytes.length <= MAX_LINE_BYTES };
      from = end + 1;
    }
    rest = rest.subarray(from);
    offset += from;
    if (rest.length > MAX_LINE_BYTES) break;
  }
  if (rest.length > 0) yield { number: number + 1, text: rest.toString('utf8'), offset, isWhole: false };
}

/** Bytes that are no text are no line: what would be read instead of them could pass for what was written. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') && !Buffer.from(text, 'utf8').equals(bytes) ? '' : text;
}
