import type { NodeReference } from '@thingward/things';

/** Options of every verb that prints data. */
export interface OutputOptions {
  readonly json?: boolean;
}

/** One JSON value on a line of its own. */
export function printJson(value: unknown): void {
  process.stdout.write(
    `${JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))}\n`,
  );
}

/** Rows after which a table is begun to be printed, however many there will be. */
const ROWS_BEFORE_PRINTING = 500;

/**
 * Rows in columns that line up. Columns whose heading begins with > are set to the right,
 * those whose heading begins with ? left out where nothing is in them. A long table is printed as it grows, with columns
 * as wide as its first rows need.
 */
export class Table {
  readonly #headings: readonly string[];
  /** Positions of the columns that are shown. */
  #columns: readonly number[] = [];
  #waiting: (readonly string[])[] = [];
  #widths: readonly number[] | undefined;

  constructor(headings: readonly string[]) {
    this.#headings = headings;
  }

  add(row: readonly string[]): void {
    this.#waiting.push(row);
    if (this.#widths || this.#waiting.length >= ROWS_BEFORE_PRINTING) this.#flush();
  }

  /** Prints what is not printed yet. */
  end(): void {
    this.#flush();
  }

  #flush(): void {
    const rows = this.#waiting;
    this.#waiting = [];
    if (!this.#widths) {
      const titles = this.#headings.map((heading) => heading.replace(/^[>?]/, ''));
      const isEmpty = (i: number) => rows.every((row) => (row[i] ?? '') === '');
      this.#columns = [...titles.keys()].filter((i) => !this.#headings[i]?.startsWith('?') || !isEmpty(i));
      this.#widths = titles.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))));
      this.#print(titles.map((title) => title.toUpperCase()));
    }
    for (const row of rows) this.#print(row);
  }

  #print(cells: readonly string[]): void {
    const line = this.#columns.map((i) => {
      const cell = cells[i] ?? '';
      const space = ' '.repeat(Math.max(0, (this.#widths?.[i] ?? 0) - width(cell)));
      return this.#headings[i]?.startsWith('>') ? space + cell : cell + space;
    });
    process.stdout.write(`${line.join('  ').trimEnd()}\n`);
  }
}

/** A table that is there as a whole. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table(headings);
  for (const row of rows) table.add(row);
  table.end();
}

/** To people, beside the data. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** `jid`, or `jid#nodeId` for a Thing behind a concentrator. */
export function thingText(jid: string, node: NodeReference | undefined): string {
  return node === undefined ? jid : `${jid}#${node.nodeId}`;
}

function width(text: string): number {
  return [...text].length;
}
