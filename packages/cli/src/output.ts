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

/** Rows in columns that line up. Columns whose heading begins with > are set to the right. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const titles = headings.map((heading) => heading.replace(/^>/, ''));
  const widths = titles.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))));
  const print = (cells: readonly string[]) => {
    const line = cells.map((cell, i) => {
      const space = ' '.repeat((widths[i] ?? 0) - width(cell));
      return headings[i]?.startsWith('>') ? space + cell : cell + space;
    });
    process.stdout.write(`${line.join('  ').trimEnd()}\n`);
  };
  print(titles.map((title) => title.toUpperCase()));
  for (const row of rows) print(row);
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
