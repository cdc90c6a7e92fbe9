import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile, rename, truncate } from 'node:fs/promises';
import type { Logger } from '@thingward/xmpp';
import { AuditChain, DAMAGED, RETENTION } from './audit-chain.ts';
import { type AppendedFile, type AuditDisk, REAL_DISK } from './audit-disk.ts';
import { AuditError } from './audit-error.ts';
import { type AuditFile, fileOf, filesIn, linesOf } from './audit-folder.ts';
import {
  type AuditEntry,
  type AuditRecord,
  type ChainPlace,
  MAX_LINE_BYTES,
  parseLine,
  sealLine,
  sha256,
} from './audit-line.ts';
import { checkpointLine, RECORDS_PER_CHECKPOINT } from './checkpoint.ts';

export interface AuditLogOptions {
  readonly folder: string;
  /** Ed25519, for checkpoints. */
  readonly key: KeyObject;
  readonly clock: () => Date;
  readonly log: Logger;
  /** Is told of each checkpoint that is on the disk, as a line, to keep it elsewhere. It must not throw. */
  readonly onCheckpoint?: ((line: string, place: ChainPlace) => void) | undefined;
  /** A file that has reached this is followed by another. */
  readonly maxFileBytes: number;
  readonly keepDays: number;
  /** After a record a checkpoint comes within so much time. */
  readonly checkpointMs: number;
  /** More records than that do not wait to be written. */
  readonly maxQueued?: number | undefined;
  /** How soon it is tried again after a failure. */
  readonly retryMs?: number | undefined;
  readonly disk?: AuditDisk | undefined;
}

const DAY_MS = 86_400_000;
const MAX_QUEUED = 10_000;
const RETRY_MS = 1000;
const BATCH = 500;
/** Lines of a damaged file that are told of. */
const MAX_DAMAGE = 10;

interface OpenFile {
  readonly file: AppendedFile;
  readonly name: string;
  size: number;
  /** The day of its first record. */
  readonly day: string;
}

/**
 * An append-only log of what was decided and done. Records get their place and their hash when they are written, by the batch, so that
 * whoever makes one does not wait. What can't be written stays in the queue, and is tried again.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #disk: AuditDisk;
  readonly #maxQueued: number;
  readonly #queue: AuditEntry[] = [];
  #taken = 0;
  #written = 0;
  #lost = 0;
  #waiters: { readonly until: number; readonly settle: (problem: string | undefined) => void }[] = [];
  #place: ChainPlace | undefined;
  /** A place the log had reached before. */
  #reached: ChainPlace | undefined;
  #open: OpenFile | undefined;
  #unsigned = 0;
  #wantsCheckpoint = false;
  #problem: string | undefined;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#disk = options.disk ?? REAL_DISK;
    this.#maxQueued = options.maxQueued ?? MAX_QUEUED;
  }

  /**
   * Finds where the log is. What can't be used is told by `refusal`, and tried again.
   * @param known a checkpoint as it was kept elsewhere: the log must not be shorter
   */
  async start(known?: ChainPlace): Promise<void> {
    this.#reached = known;
    this.#wake();
    await this.#running;
  }

  /** Why nothing more can be recorded just now, and so nothing should be done that has to be; undefined when it can. */
  get refusal(): string | undefined {
    if (this.#problem !== undefined) return `the audit log can't be written: ${this.#problem}`;
    if (this.#queue.length >= this.#maxQueued) return 'too many records wait for the audit log';
    return undefined;
  }

  /** Number and hash of the last record on the disk. */
  get place(): ChainPlace | undefined {
    return this.#place;
  }

  /** Takes a record. Where there is no room any more it is counted alone, and the log says so when there is. */
  append(entry: AuditEntry): void {
    if (this.#queue.length >= this.#maxQueued || this.#isStopped) {
      this.#lost++;
      return;
    }
    this.#queue.push(entry);
    this.#taken++;
    this.#wake();
  }

  /** Resolves when what was taken so far is on the disk: with undefined, or with why it is not. */
  settled(): Promise<string | undefined> {
    if (this.#problem !== undefined) return Promise.resolve(this.refusal);
    if (this.#written === this.#taken) return Promise.resolve(undefined);
    return new Promise((settle) => this.#waiters.push({ until: this.#taken, settle }));
  }

  /** Writes what waits and a checkpoint behind it, and closes the file. */
  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    await this.#running;
    if (this.#problem === undefined && (this.#unsigned > 0 || this.#queue.length > 0)) {
      this.#wantsCheckpoint = true;
      this.#wake();
      await this.#running;
    }
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    if (this.#queue.length > 0) {
      this.#options.log.error(
        { records: this.#queue.length, reason: this.refusal },
        'records of the audit log are lost',
      );
    }
    await this.#open?.file.close();
    this.#open = undefined;
  }

  /** Puts records before all that wait. */
  #prepend(entries: readonly AuditEntry[]): void {
    this.#queue.unshift(...entries);
    this.#taken += entries.length;
    this.#waiters = this.#waiters.map(({ until, settle }) => ({ until: until + entries.length, settle }));
  }

  #wake(): void {
    if (this.#running || this.#isStopped || this.#retry) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // What came while it was ending has woken nobody.
      if (this.#queue.length > 0 || this.#wantsCheckpoint) this.#wake();
    });
  }

  async #run(): Promise<void> {
    try {
      this.#place ??= await this.#recover();
      while (this.#queue.length > 0 || this.#wantsCheckpoint) await this.#writeBatch();
      if (this.#problem !== undefined) this.#options.log.warn({}, 'the audit log can be written again');
      this.#problem = undefined;
    } catch (error) {
      await this.#failed(error as Error);
    }
  }

  async #writeBatch(): Promise<void> {
    const { clock, key, onCheckpoint } = this.#options;
    const now = clock().toISOString();
    if (this.#lost > 0) {
      this.#prepend([{ kind: 'lost', at: now, records: this.#lost }]);
      this.#lost = 0;
    }
    await this.#rotate(now);
    let place = this.#place as ChainPlace;
    const lines: string[] = [];
    const add = (made: { readonly line: string; readonly place: ChainPlace }) => {
      lines.push(made.line);
      place = made.place;
    };
    const room = Math.max(1, RECORDS_PER_CHECKPOINT - this.#unsigned);
    const batch = this.#queue.slice(0, Math.min(BATCH, room));
    for (const entry of batch) add(sealed(entry, place));
    const isFull = this.#unsigned + batch.length >= RECORDS_PER_CHECKPOINT;
    const isSigned = isFull || (this.#wantsCheckpoint && batch.length === this.#queue.length);
    if (isSigned) add(checkpointLine(key, now, place));
    const text = `${lines.join('\n')}\n`;
    const open = await this.#file(place.seq - lines.length + 1, now);
    await open.file.append(text);
    open.size += Buffer.byteLength(text);
    this.#place = place;
    this.#reached = place;
    this.#queue.splice(0, batch.length);
    this.#written += batch.length;
    this.#unsigned = isSigned ? 0 : this.#unsigned + batch.length;
    if (isSigned) {
      this.#wantsCheckpoint = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      onCheckpoint?.(lines.at(-1) as string, place);
    } else this.#signLater();
    const done = this.#waiters.filter(({ until }) => until <= this.#written);
    this.#waiters = this.#waiters.filter(({ until }) => until > this.#written);
    for (const { settle } of done) settle(undefined);
  }

  #signLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#wantsCheckpoint = true;
      this.#wake();
    }, this.#options.checkpointMs).unref();
  }

  async #file(first: number, now: string): Promise<OpenFile> {
    if (this.#open) return this.#open;
    const { path, name } = fileOf(this.#options.folder, first);
    this.#open = { file: await this.#disk.open(path, 0), name, size: 0, day: now.slice(0, 10) };
    return this.#open;
  }

  /** Ends a file that is full, or of another day, with a checkpoint; and removes those that are old enough. */
  async #rotate(now: string): Promise<void> {
    const { maxFileBytes, key, onCheckpoint } = this.#options;
    const open = this.#open;
    if (!open || (open.size < maxFileBytes && open.day === now.slice(0, 10))) return;
    if (this.#unsigned > 0) {
      const { line, place } = checkpointLine(key, now, this.#place as ChainPlace);
      await open.file.append(`${line}\n`);
      open.size += line.length + 1;
      this.#place = place;
      this.#unsigned = 0;
      onCheckpoint?.(line, place);
    }
    this.#open = undefined;
    await open.file.close();
    await this.#removeOld(now);
  }

  /** The log says what is removed, and signs it, before it is. */
  async #removeOld(now: string): Promise<void> {
    const { folder, keepDays, key, onCheckpoint, log } = this.#options;
    const before = new Date(Date.parse(now) - keepDays * DAY_MS).toISOString();
    const files = filesIn(folder);
    const old: { readonly path: string; readonly name: string; readonly entry: AuditEntry }[] = [];
    for (const [i, { path, name }] of files.entries()) {
      const next = files[i + 1];
      // A file is as old as its last record, which the first of the next one is not older than.
      const following = next && (await firstRecord(next.path));
      if (!following || following.entry.at >= before) break;
      old.push({
        path,
        name,
        entry: { kind: RETENTION, at: now, file: name, through: following.seq - 1, hash: following.prev },
      });
    }
    if (old.length === 0) return;
    let place = this.#place as ChainPlace;
    const lines = old.map(({ entry }) => {
      const made = sealLine(entry, place);
      place = made.place;
      return made.line;
    });
    const signed = checkpointLine(key, now, place);
    const open = await this.#file((this.#place as ChainPlace).seq + 1, now);
    const text = `${[...lines, signed.line].join('\n')}\n`;
    await open.file.append(text);
    open.size += Buffer.byteLength(text);
    this.#place = signed.place;
    onCheckpoint?.(signed.line, signed.place);
    for (const { path, name } of old) {
      await this.#disk.remove(path);
      log.info({ file: name, keepDays }, 'records of the audit log were removed for their age');
    }
  }

  /** Nothing of a batch that failed counts: what is there of it is cut off. */
  async #failed(error: Error): Promise<void> {
    const { log, retryMs = RETRY_MS } = this.#options;
    const open = this.#open;
    this.#open = undefined;
    this.#place = undefined;
    if (open) {
      if (!(error instanceof AuditError)) await open.file.cut(open.size).catch(() => undefined);
      await open.file.close().catch(() => undefined);
    }
    if (this.#problem === undefined) {
      log.error({ reason: error.message }, 'the audit log can’t be written: what has to be recorded is refused');
    }
    this.#problem = error.message;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { settle } of waiters) settle(this.refusal);
    if (this.#isStopped) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#wake();
    }, retryMs).unref();
  }

  /** Reads the last file, cuts off what was not written to its end, and says in the log what is not as it should be. */
  async #recover(): Promise<ChainPlace> {
    const { folder, clock, key, log } = this.#options;
    const now = clock().toISOString();
    const chain = new AuditChain(createPublicKey(key));
    const entries: AuditEntry[] = [];
    const files = [...filesIn(folder)];
    let last: { readonly file: AuditFile; readonly size: number } | undefined;
    // A file in which no line can be read does not tell where the log is: the one before it does.
    while (chain.count === 0) {
      const file = files.pop();
      if (!file) break;
      const found = await this.#readFile(file, chain, now);
      entries.unshift(...found.entries);
      last ??= { file, size: found.size };
      if (chain.count === 0) {
        await rename(file.path, `${file.path}.damaged`);
        last = undefined;
      }
    }
    const { place, first, unsigned } = chain;
    const reached = this.#reached;
    if (reached && place.seq < reached.seq) {
      entries.push(
        damaged(now, `the log ended with record ${place.seq}, but it had reached record ${reached.seq} before`),
      );
    }
    this.#reached = undefined;
    for (const { reason } of entries) if (reason !== undefined) log.error({ reason }, 'the audit log was damaged');
    this.#unsigned = unsigned;
    this.#prepend(entries);
    if (unsigned > 0) this.#signLater();
    // A file that was changed is left as it is.
    if (last && !entries.some(({ kind }) => kind === DAMAGED)) {
      const { path, name } = last.file;
      const day = (first?.entry.at ?? now).slice(0, 10);
      this.#open = { file: await this.#disk.open(path, last.size), name, size: last.size, day };
    }
    return place;
  }

  /** @returns what is to be recorded of its state, and its size, without a torn end */
  async #readFile(
    { path, name }: AuditFile,
    chain: AuditChain,
    now: string,
  ): Promise<{ readonly entries: readonly AuditEntry[]; readonly size: number }> {
    const entries: AuditEntry[] = [];
    let size = 0;
    for await (const line of linesOf(path)) {
      if (!line.isWhole) {
        const torn = (await readFile(path)).subarray(line.offset);
        await truncate(path, line.offset);
        entries.push({ kind: 'recovered', at: now, file: name, bytes: torn.length, sha256: sha256(torn) });
        const details = { file: name, line: line.number, bytes: torn.length };
        this.#options.log.warn(details, 'the last line of the audit log was torn: it was cut off');
        break;
      }
      size = line.offset + Buffer.byteLength(line.text) + 1;
      try {
        chain.next(line.text);
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        // Of what was found before there is a record already.
        if (error.code !== 'damaged' && entries.length < MAX_DAMAGE)
          entries.push(damaged(now, `${name}:${line.number}: ${error.message}`));
      }
    }
    return { entries, size };
  }
}

function damaged(at: string, reason: string): AuditEntry {
  return { kind: DAMAGED, at, reason };
}

/** A record that is too long for a line keeps what is needed to find it, and its hash. */
function sealed(entry: AuditEntry, place: ChainPlace) {
  const made = sealLine(entry, place);
  if (Buffer.byteLength(made.line) <= MAX_LINE_BYTES) return made;
  const { kind, at, who, action, thing, effect } = entry;
  const brief = [who, action, thing, effect].map((value) =>
    typeof value === 'string' ? value.slice(0, 3100) : undefined,
  );
  const [briefWho, briefAction, briefThing, briefEffect] = brief;
  return sealLine(
    {
      kind,
      at,
      who: briefWho,
      action: briefAction,
      thing: briefThing,
      effect: briefEffect,
      isShortened: true,
      full: sha256(made.line),
    },
    place,
  );
}

/** Undefined where it can't be read: then nothing is removed. */
async function firstRecord(path: string): Promise<AuditRecord | undefined> {
  for await (const { text } of linesOf(path)) {
    try {
      return parseLine(text);
    } catch (error) {
      if (error instanceof AuditError) return undefined;
      throw error;
    }
  }
  return undefined;
}
