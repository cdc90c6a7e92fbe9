import type { Field } from '@thingward/things';
import type { StateDatabase } from './state-database.ts';

/** Readings that wait to be taken to where they belong, oldest first. */
export interface Batch {
  /** Ids of the readings, to remove them when they are stored. */
  readonly ids: readonly number[];
  readonly fields: readonly Field[];
}

/** Bounds of one row: what is taken in together may be too much to be uploaded together. */
const FIELDS_PER_ROW = 200;
const CHARACTERS_PER_ROW = 30_000;

interface ReadingRow {
  readonly id: number;
  readonly fields: string;
  readonly count: number;
}

/**
 * Readings on their way to the history, of an account, or to a node of publish-subscribe, on disk: what was put in leaves only when the far end has stored it, through lost connections and
 * killed processes. It is bounded: when it is full, new readings are refused and counted.
 */
export class Outbox {
  readonly #database: StateDatabase;
  readonly #maxFields: number;
  readonly #onRefused: (count: number, reason: Error) => void;
  #size: number;
  #refused = 0;

  /** @param maxFields fields it holds at most */
  constructor(
    database: StateDatabase,
    maxFields: number,
    onRefused: (count: number, reason: Error) => void = () => {},
  ) {
    this.#database = database;
    this.#maxFields = maxFields;
    this.#onRefused = onRefused;
    const row = database.prepare('SELECT COALESCE(SUM(count), 0) AS size FROM reading').get() as { size: number };
    this.#size = row.size;
  }

  /** Fields that wait. */
  get size(): number {
    return this.#size;
  }

  /** Fields that were refused because it was full or could not be written, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Takes fields in. When it returns true they are on disk.
   * @returns false when they were refused
   */
  put(account: string, fields: readonly Field[]): boolean {
    if (fields.length === 0) return true;
    try {
      if (this.#size + fields.length > this.#maxFields) throw new Error('the outbox is full');
      const insert = this.#database.prepare('INSERT INTO reading (account, fields, count) VALUES (?, ?, ?)');
      this.#database.transaction(() => {
        for (const row of encodeRows(fields)) insert.run(account, `[${row.join(',')}]`, row.length);
      })();
      this.#size += fields.length;
      return true;
    } catch (error) {
      // Full, or the disk is: the reading is lost, but not silently.
      this.#refused += fields.length;
      this.#onRefused(fields.length, error as Error);
      return false;
    }
  }

  /** The oldest readings of an account: one at least, further ones up to as many fields and characters as allowed. */
  next(account: string, maxFields: number, maxCharacters = Number.POSITIVE_INFINITY): Batch {
    const rows = this.#database
      .prepare('SELECT id, fields, count FROM reading WHERE account = ? ORDER BY id LIMIT 200')
      .all(account) as ReadingRow[];
    const ids: number[] = [];
    const fields: Field[] = [];
    let characters = 0;
    for (const row of rows) {
      characters += row.fields.length;
      if (ids.length > 0 && (fields.length + row.count > maxFields || characters > maxCharacters)) break;
      ids.push(row.id);
      fields.push(...decodeFields(row.fields));
    }
    return { ids, fields };
  }

  /** The oldest readings of an account up to the one with this id. */
  upTo(account: string, lastId: number): Batch {
    const rows = this.#database
      .prepare('SELECT id, fields, count FROM reading WHERE account = ? AND id <= ? ORDER BY id')
      .all(account, lastId) as ReadingRow[];
    return { ids: rows.map(({ id }) => id), fields: rows.flatMap(({ fields }) => decodeFields(fields)) };
  }

  /** Forgets readings that are stored. Those that were forgotten before do not count again. */
  remove({ ids }: Batch): void {
    if (ids.length === 0) return;
    const marks = ids.map(() => '?').join(', ');
    const removed = this.#database
      .prepare(`DELETE FROM reading WHERE id IN (${marks}) RETURNING count`)
      .all(...ids) as Pick<ReadingRow, 'count'>[];
    this.#size -= removed.reduce((sum, { count }) => sum + count, 0);
  }
}

/** Each field as JSON, row by row. */
function encodeRows(fields: readonly Field[]): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const field of fields) {
    const text = JSON.stringify(field, encodeBigInt);
    characters += text.length;
    const last = rows.at(-1);
    if (last && last.length < FIELDS_PER_ROW && characters <= CHARACTERS_PER_ROW) {
      last.push(text);
    } else {
      rows.push([text]);
      characters = text.length;
    }
  }
  return rows;
}

function decodeFields(text: string): Field[] {
  return JSON.parse(text, (key, value: unknown) => {
    if (key === 'timestamp') return new Date(value as string);
    return isEncodedBigInt(value) ? BigInt(value.$bigint) : value;
  }) as Field[];
}

function encodeBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { $bigint: value.toString() } : value;
}

function isEncodedBigInt(value: unknown): value is { readonly $bigint: string } {
  return typeof value === 'object' && value !== null && '$bigint' in value;
}
