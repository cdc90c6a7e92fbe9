import { randomBytes } from 'node:crypto';
import { createReadStream, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { StanzaError, uploadRetryError } from '@thingward/xmpp';
import type { Kysely, Selectable } from 'kysely';
import type { ByteRange } from '../http/byte-range.ts';
import type { UploadSchema, UploadTable } from './upload-tables.ts';

export interface UploadLimits {
  /** Bytes that the files of one account take up, each at least a block. */
  readonly quotaBytes: number;
  readonly retentionDays: number;
}

/** A place for a file. */
export interface Upload {
  readonly id: string;
  readonly filename: string;
  readonly contentType: string | undefined;
  readonly size: number;
  /** When it is deleted: milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface WantedUpload {
  readonly filename: string;
  readonly contentType: string | undefined;
  readonly size: number;
  /** Not to be kept for longer than this: milliseconds since 1970. */
  readonly keepUntil: number | undefined;
}

/** A file could not be taken. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly code: 'gone' | 'taken' | 'busy' | 'wrong-size' | 'too-slow' | 'interrupted';

  constructor(code: UploadError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** How long a place waits for its file. @see XEP-0363 §8 */
export const SLOT_MS = 300_000;
/** How long sending a file may take, and how long it may pause. */
const PUT_MS = 3_600_000;
const IDLE_MS = 30_000;
/** What the smallest file takes up. */
const BLOCK_BYTES = 4096;
/** Places that one account may keep waiting, and files that may be on their way at the same time. */
const MAX_WAITING = 20;
const MAX_RECEIVING = 200;
const DAY_MS = 86_400_000;
const SWEEP_STEP = 100;
const PARTIAL = 'partial';

/** Files that accounts have put on this server: their data in the database, their bytes in a directory. */
export class UploadStore {
  readonly #database: Kysely<UploadSchema>;
  readonly #directory: string;
  readonly #limits: UploadLimits;
  readonly #receiving = new Set<string>();

  /** @param directory made when it is needed */
  constructor(database: Kysely<UploadSchema>, directory: string, limits: UploadLimits) {
    this.#database = database;
    this.#directory = directory;
    this.#limits = limits;
  }

  /**
   * Sets a place aside, until `SLOT_MS` from now.
   * @param now milliseconds since 1970
   * @throws StanzaError `resource-constraint` with the time to try again when the account has no room
   */
  async reserve(localpart: string, wanted: WantedUpload, now: number): Promise<Upload> {
    const { filename, contentType, size, keepUntil = Number.POSITIVE_INFINITY } = wanted;
    const expiresAt = Math.min(now + this.#limits.retentionDays * DAY_MS, keepUntil);
    const upload = { id: randomBytes(24).toString('base64url'), filename, contentType, size, expiresAt };
    await this.#database.transaction().execute(async (transaction) => {
      await this.#demandRoom(transaction, localpart, size, now);
      await transaction
        .insertInto('upload')
        .values({
          id: upload.id,
          localpart,
          filename,
          content_type: contentType ?? null,
          size,
          put_until: now + SLOT_MS,
          expires_at: expiresAt,
          stored: 0,
        })
        .execute();
    });
    return upload;
  }

  /** The place that waits for its file. @throws UploadError */
  async waiting(id: string, now: number): Promise<Upload> {
    const row = await this.#row(id);
    if (!row || row.expires_at <= now) throw new UploadError('gone', 'there is no such place');
    if (row.stored === 1) throw new UploadError('taken', 'the file is there already');
    return toUpload(row);
  }

  /** Takes the bytes of a file. It is there when all are on the disk, or not at all. @throws UploadError */
  async receive({ id, size }: Upload, content: Readable, now: number): Promise<void> {
    if (this.#receiving.has(id)) throw new UploadError('taken', 'the file is on its way already');
    if (this.#receiving.size >= MAX_RECEIVING) throw new UploadError('busy', 'too many files are on their way');
    this.#receiving.add(id);
    const partial = join(this.#directory, PARTIAL, id);
    const target = this.#path(id);
    try {
      // Nobody takes the place away while the file is on its way.
      await this.#change(id, { put_until: now + PUT_MS });
      await mkdir(dirname(partial), { recursive: true });
      await write(partial, content, size);
      await mkdir(dirname(target), { recursive: true });
      await rename(partial, target);
      await synchronise(dirname(target));
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined);
      await this.#change(id, { put_until: now + SLOT_MS });
      throw error;
    } finally {
      this.#receiving.delete(id);
    }
    if (await this.#change(id, { stored: 1 })) return;
    await rm(target, { force: true });
    throw new UploadError('gone', 'the account was removed');
  }

  /** The file of this id, if it is there. */
  async find(id: string, now: number): Promise<Upload | undefined> {
    const row = await this.#row(id);
    return row?.stored === 1 && row.expires_at > now ? toUpload(row) : undefined;
  }

  /** The bytes of a file. @returns undefined when they have got lost */
  async read({ id, size }: Upload, range?: ByteRange): Promise<Readable | undefined> {
    const path = this.#path(id);
    const found = await stat(path).catch(() => undefined);
    return found?.size === size ? createReadStream(path, range && { ...range }) : undefined;
  }

  /** Deletes what is too old, what was never put there, and files nobody knows. @param now milliseconds since 1970 */
  async sweep(now: number, signal: AbortSignal): Promise<void> {
    for (const [stored, column] of [
      [0, 'put_until'],
      [1, 'expires_at'],
    ] as const) {
      while (!signal.aborted) {
        const rows = await this.#database
          .selectFrom('upload')
          .select('id')
          .where('stored', '=', stored)
          .where(column, '<=', now)
          .limit(SWEEP_STEP)
          .execute();
        for (const { id } of rows) await rm(this.#path(id), { force: true });
        if (rows.length > 0) {
          const ids = rows.map(({ id }) => id);
          await this.#database.deleteFrom('upload').where('id', 'in', ids).execute();
        }
        if (rows.length < SWEEP_STEP) break;
      }
    }
    await this.#removeUnknown(signal);
  }

  /** Deletes what was on its way when the server stopped. To be called before anything is received. */
  removePartial(): void {
    rmSync(join(this.#directory, PARTIAL), { recursive: true, force: true });
  }

  async #demandRoom(database: Kysely<UploadSchema>, localpart: string, size: number, now: number): Promise<void> {
    const rows = await database
      .selectFrom('upload')
      .select(['size', 'stored', 'put_until', 'expires_at'])
      .where('localpart', '=', localpart)
      .where('expires_at', '>', now)
      .where((where) => where.or([where('stored', '=', 1), where('put_until', '>', now)]))
      .execute();
    const ends = rows.map((row) => ({ row, at: Number(row.stored === 1 ? row.expires_at : row.put_until) }));
    ends.sort((a, b) => a.at - b.at);
    const waiting = ends.filter(({ row }) => row.stored === 0);
    if (waiting.length >= MAX_WAITING) {
      throw uploadRetryError(`at most ${MAX_WAITING} files can be waited for`, new Date(waiting[0]?.at ?? now));
    }
    let excess = rows.reduce((sum, row) => sum + spaceOf(row), spaceOf({ size })) - this.#limits.quotaBytes;
    if (excess <= 0) return;
    for (const { row, at } of ends) {
      excess -= spaceOf(row);
      if (excess <= 0) throw uploadRetryError(`files may take up ${this.#limits.quotaBytes} bytes`, new Date(at));
    }
    throw new StanzaError('not-acceptable', `files may take up ${this.#limits.quotaBytes} bytes`);
  }

  async #row(id: string): Promise<Selectable<UploadTable> | undefined> {
    return this.#database.selectFrom('upload').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async #change(id: string, change: Partial<Pick<UploadTable, 'put_until' | 'stored'>>): Promise<boolean> {
    const { numUpdatedRows } = await this.#database
      .updateTable('upload')
      .set(change)
      .where('id', '=', id)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** In folders, as many file systems are slow with very many files in one. */
  #path(id: string): string {
    return join(this.#directory, id.slice(0, 2), id);
  }

  /** An account that was removed leaves its files behind. */
  async #removeUnknown(signal: AbortSignal): Promise<void> {
    for await (const folder of entries(this.#directory)) {
      if (signal.aborted) return;
      if (folder === PARTIAL) continue;
      const ids: string[] = [];
      for await (const id of entries(join(this.#directory, folder))) {
        ids.push(id);
        if (ids.length >= SWEEP_STEP) await this.#removeAllUnknown(folder, ids.splice(0));
      }
      await this.#removeAllUnknown(folder, ids);
    }
  }

  async #removeAllUnknown(folder: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const rows = await this.#database.selectFrom('upload').select('id').where('id', 'in', ids).execute();
    const known = new Set(rows.map(({ id }) => id));
    for (const id of ids) {
      if (!known.has(id)) await rm(join(this.#directory, folder, id), { recursive: true, force: true });
    }
  }
}

/** Writes exactly `size` bytes to a new file, and leaves with them on the disk. @throws UploadError */
async function write(path: string, content: Readable, size: number): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await copy(content, file, size);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes sure that a file's name is on the disk as well. */
async function synchronise(directory: string): Promise<void> {
  const opened = await open(directory, 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

async function copy(content: Readable, file: FileHandle, size: number): Promise<void> {
  const deadline = Date.now() + PUT_MS;
  let isLate = false;
  const tooSlow = () => {
    isLate = true;
    content.destroy();
  };
  let timer = setTimeout(tooSlow, IDLE_MS);
  let received = 0;
  try {
    // Left open after an error, so that the sender can be told.
    for await (const chunk of content.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      received += chunk.length;
      if (received > size) throw new UploadError('wrong-size', `the file has more than ${size} bytes`);
      await file.writeFile(chunk);
      timer = setTimeout(tooSlow, Math.max(0, Math.min(IDLE_MS, deadline - Date.now())));
    }
  } catch (error) {
    if (isLate) throw new UploadError('too-slow', 'the file came too slowly');
    if (error instanceof UploadError || isFileSystemError(error)) throw error;
    throw new UploadError('interrupted', 'the file did not come to its end', error);
  } finally {
    clearTimeout(timer);
  }
  if (received < size) throw new UploadError(isLate ? 'too-slow' : 'wrong-size', `the file has ${received} bytes only`);
}

/** Not one of the connection, but one of the disk. */
function isFileSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write';
}

async function* entries(directory: string): AsyncGenerator<string> {
  const opened = await opendir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (opened) for await (const { name } of opened) yield name;
}

function spaceOf({ size }: { readonly size: number }): number {
  return Math.max(BLOCK_BYTES, Number(size));
}

function toUpload({ id, filename, content_type, size, expires_at }: Selectable<UploadTable>): Upload {
  return {
    id,
    filename,
    contentType: content_type ?? undefined,
    size: Number(size),
    expiresAt: Number(expires_at),
  };
}
