import { mkdirSync, statSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AuditError } from './audit-error.ts';

/** A file that lines are appended to. */
export interface AppendedFile {
  /** @throws an error of the file system */
  append(text: string): Promise<void>;
  /** Cuts it off. */
  cut(size: number): Promise<void>;
  close(): Promise<void>;
}

/** How an audit log writes. */
export interface AuditDisk {
  /** @param size of the file, by who wrote it @throws AuditError `unusable` where it has another */
  open(path: string, size: number): Promise<AppendedFile>;
  remove(path: string): Promise<void>;
}

/** Appends, and waits until what was appended is on the disk (fdatasync). */
export const REAL_DISK: AuditDisk = {
  async open(path, size) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    const handle = await open(path, 'a', 0o640);
    return new DiskFile(path, handle, size);
  },
  remove: (path) => unlink(path),
};

class DiskFile implements AppendedFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #size: number;

  constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.#size = size;
  }

  async append(text: string): Promise<void> {
    this.#expectUntouched();
    const bytes = Buffer.from(text, 'utf8');
    await this.#handle.appendFile(bytes);
    await this.#handle.datasync();
    this.#size += bytes.length;
  }

  async cut(size: number): Promise<void> {
    await this.#handle.truncate(size);
    this.#size = size;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Has anybody else written to the file, or taken it away? */
  #expectUntouched(): void {
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size;
    if (size === this.#size) return;
    const what = size === undefined ? 'was taken away' : `has ${size} bytes instead of ${this.#size}`;
    throw new AuditError('unusable', `${this.#path} ${what}: something else than this program has written to it`);
  }
}
