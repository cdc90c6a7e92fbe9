import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { CommandError } from '../errors.ts';
import { CsvError, formatCsv, parseCsv } from './csv.ts';

/** What a device needs to sign in, and what its owner claims it with. */
export interface DeviceCredentials {
  readonly jid: string;
  readonly label: string;
  readonly password?: string | undefined;
  /** Files, from the directory of the list on. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly certificateExpires?: string | undefined;
  /** Text of the QR code on its label. @see XEP-0347 §3.9 */
  readonly claim: string;
}

const COLUMNS = ['jid', 'label', 'password', 'certificate', 'key', 'certificateExpires', 'claim'] as const;

/**
 * The file with the credentials of devices, for the user alone. Those of a batch are on the disk before the server takes them, so that
 * nothing is lost when either is interrupted.
 */
export class CredentialsFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** What is in it, by JID; the last of several counts. @throws CommandError */
  read(): ReadonlyMap<string, DeviceCredentials> {
    if (!existsSync(this.#file)) return new Map();
    try {
      const [head, ...rows] = parseCsv(readFileSync(this.#file, 'utf8'));
      if (head?.cells.join() !== COLUMNS.join()) throw new CsvError(1, `the columns are not ${COLUMNS.join()}`);
      return new Map(
        rows.map(({ cells }) => {
          const row = Object.fromEntries(COLUMNS.map((column, index) => [column, cells[index] || undefined]));
          return [cells[0] ?? '', row as unknown as DeviceCredentials];
        }),
      );
    } catch (error) {
      throw new CommandError(`${this.#file} is not what was written there: ${(error as Error).message}`);
    }
  }

  /** Begins it anew. */
  replace(all: Iterable<DeviceCredentials>): void {
    const next = `${this.#file}.new`;
    write(next, 'w', formatCsv([COLUMNS, ...[...all].map(rowOf)]));
    renameSync(next, this.#file);
  }

  append(some: readonly DeviceCredentials[]): void {
    write(this.#file, 'a', formatCsv(some.map(rowOf)));
  }
}

function rowOf(credentials: DeviceCredentials): readonly string[] {
  return COLUMNS.map((column) => credentials[column] ?? '');
}

/** Returns when it is on the disk. */
function write(file: string, flags: 'w' | 'a', text: string): void {
  const descriptor = openSync(file, flags, 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
