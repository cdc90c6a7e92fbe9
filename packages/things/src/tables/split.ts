import type { Jid } from '@thingward/xmpp';
import { PayloadError } from '../thing/payload.ts';
import { encodeRow, encodeTable, type Table, type TableRow } from './codec.ts';
import { tableText, textWidth } from './text.ts';

/** Of XML and text together: what every server takes is 10,000 bytes, with addresses and the like. */
const MAX_PART_BYTES = 8000;

/**
 * A table as parts that fit in stanzas: the formats are in the first, and all but the last say that they are continued.
 * @param maxBytes of a part, with its text for those who can't show tables
 * @throws PayloadError when a row alone does not fit
 * @see XEP-0000: Tables §5.7
 */
export function splitTable(table: Table, maxBytes = MAX_PART_BYTES): readonly Table[] {
  const head = byteLength(encodeTable({ ...table, rows: [], toBeContinued: true }).toString());
  const parts: TableRow[][] = [[]];
  let bytes = head;
  const lineBytes = Math.max(...tableText(table).split('\n').map(textWidth), 0) + 1;
  for (const [i, row] of table.rows.entries()) {
    const needed = byteLength(encodeRow(row).toString()) + textBytes(row, lineBytes);
    const last = parts.at(-1) as TableRow[];
    if (bytes + needed <= maxBytes) {
      last.push(row);
      bytes += needed;
      continue;
    }
    bytes = HEAD_OF_CONTINUATION + needed;
    const place = last.length === 0 ? head + needed : bytes;
    if (place > maxBytes) {
      throw new PayloadError('invalid-value', `table/row[${i + 1}]`, `the row needs more than ${maxBytes} bytes`);
    }
    parts.push([row]);
  }
  return parts.map((rows, i): Table => {
    const toBeContinued = i < parts.length - 1 || table.toBeContinued;
    return i === 0 ? { ...table, rows, toBeContinued } : { columns: [], rows, toBeContinued };
  });
}

const HEAD_OF_CONTINUATION = 80;

/** No more than this, however the row is set. */
function textBytes(row: TableRow, lineBytes: number): number {
  const lines = Math.max(1, ...row.cells.map(({ text }) => text.split('\n').length));
  return lines * lineBytes + row.cells.reduce((sum, { text }) => sum + byteLength(text), 0);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** A table as far as it has come in. */
export interface ReceivedTable {
  readonly table: Table;
  /** Were there parts before this one? Then the table takes the place of what was given for them. */
  readonly isContinuation: boolean;
}

/** A continuation comes in this time or not at all. @see XEP-0000: Tables §5.7 */
const CONTINUATION_MS = 60_000;

/** Puts together tables that come in parts. Bounded in senders and rows. */
export class TableParts {
  readonly #unfinished = new Map<string, { readonly table: Table; readonly at: number }>();
  readonly #limits: { readonly senders: number; readonly rows: number };

  constructor(limits: { readonly senders?: number; readonly rows?: number } = {}) {
    this.#limits = { senders: limits.senders ?? 100, rows: limits.rows ?? 10_000 };
  }

  /**
   * Takes in a part.
   * @param from full JID of the sender
   * @param at when it came, in ms
   * @throws PayloadError when the table becomes too large; its parts are forgotten
   */
  take(from: Jid, part: Table, at: number): ReceivedTable {
    const key = from.toString();
    const before = this.#unfinished.get(key);
    this.#unfinished.delete(key);
    const isContinuation = before !== undefined && at - before.at <= CONTINUATION_MS;
    const table = isContinuation ? continued(before.table, part) : part;
    if (table.rows.length > this.#limits.rows) {
      throw new PayloadError('invalid-value', 'table', `the table has more than ${this.#limits.rows} rows`);
    }
    if (table.toBeContinued) this.#unfinished.set(key, { table, at });
    if (this.#unfinished.size > this.#limits.senders) {
      this.#unfinished.delete(this.#unfinished.keys().next().value as string);
    }
    return { table, isContinuation };
  }

  /** The sender is not there any more: what it sends later is a new table. */
  gone(from: Jid): void {
    this.#unfinished.delete(from.toString());
  }
}

/** Formats of a continuation are ignored where there are others. */
function continued(before: Table, part: Table): Table {
  return { ...before, rows: [...before.rows, ...part.rows], toBeContinued: part.toBeContinued };
}
