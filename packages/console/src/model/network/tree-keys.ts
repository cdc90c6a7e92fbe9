import type { TreeRow } from './tree-rows.ts';

/** What a key does in the tree. */
export type TreeAction =
  | { readonly kind: 'focus'; readonly key: string }
  | { readonly kind: 'toggle'; readonly rows: readonly TreeRow[]; readonly isOpen: boolean }
  | { readonly kind: 'select'; readonly row: TreeRow };

/**
 * What a key does when a row has the focus; undefined when it does nothing.
 * @param key as the browser names it: `ArrowDown`, `Home`, `*`, a letter
 * @see WAI-ARIA Authoring Practices, Tree View, keyboard interaction
 */
export function treeAction(rows: readonly TreeRow[], focused: string | undefined, key: string): TreeAction | undefined {
  const at = Math.max(
    0,
    rows.findIndex((row) => row.key === focused),
  );
  const row = rows[at];
  if (!row) return undefined;
  switch (key) {
    case 'ArrowDown':
      return focusOn(rows[at + 1]);
    case 'ArrowUp':
      return focusOn(rows[at - 1]);
    case 'Home':
      return focusOn(rows[0]);
    case 'End':
      return focusOn(rows.at(-1));
    case 'ArrowRight':
      if (row.isExpanded === undefined) return undefined;
      return row.isExpanded ? focusOn(rows[at + 1]) : { kind: 'toggle', rows: [row], isOpen: true };
    case 'ArrowLeft':
      if (row.isExpanded) return { kind: 'toggle', rows: [row], isOpen: false };
      return focusOn(rows.slice(0, at).findLast(({ level }) => level < row.level));
    case 'Enter':
    case ' ':
      return { kind: 'select', row };
    case '*':
      return { kind: 'toggle', rows: siblingsOf(rows, at), isOpen: true };
    default:
      return key.length === 1 ? focusOn(typedAhead(rows, at, key.toLowerCase())) : undefined;
  }
}

function focusOn(row: TreeRow | undefined): TreeAction | undefined {
  return row && { kind: 'focus', key: row.key };
}

/** Those of the same level below the same row, that have something below them. */
function siblingsOf(rows: readonly TreeRow[], at: number): TreeRow[] {
  const level = rows[at]?.level ?? 1;
  const above = rows.slice(0, at).findLastIndex((row) => row.level < level);
  const below = rows.slice(at).findIndex((row) => row.level < level);
  const end = below === -1 ? rows.length : at + below;
  return rows.slice(above + 1, end).filter((row) => row.level === level && row.isExpanded === false);
}

/** The next row whose name begins with a letter, round the end. */
function typedAhead(rows: readonly TreeRow[], at: number, letter: string): TreeRow | undefined {
  return [...rows.slice(at + 1), ...rows.slice(0, at + 1)].find(({ name }) => name.toLowerCase().startsWith(letter));
}
