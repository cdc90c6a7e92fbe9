import type { Table } from '@thingward/things';

/**
 * Rows as a table for others; columns that nothing is in are left out.
 * @param headings those that begin with > are of columns set to the right
 * @see XEP-0000: Tables
 */
export function sentTable(headings: readonly string[], rows: readonly (readonly string[])[]): Table {
  const columns = headings.flatMap((heading, i) => (rows.some((row) => row[i]) ? [{ heading, i }] : []));
  const title = { bold: true, cells: columns.map(({ heading }) => ({ text: heading.replace(/^>/, '') })) };
  return {
    hSpacing: 8,
    columns: columns.map(({ heading }) => ({ halign: heading.startsWith('>') ? 'Right' : 'Left' })),
    rows: [title, ...rows.map((row) => ({ cells: columns.map(({ i }) => ({ text: row[i] ?? '' })) }))],
    toBeContinued: false,
  };
}
