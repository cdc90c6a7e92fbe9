import { useSignal } from '@preact/signals';
import type { NcapResource } from '@thingward/ieee1451/mcap';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { goTo } from '../../browser/hash-route.ts';
import { keysAbove, type Selection } from '../../model/network/selection.ts';
import { treeAction } from '../../model/network/tree-keys.ts';
import { rowKey, type TreeRow, treeRows } from '../../model/network/tree-rows.ts';
import { TreeRowView } from './tree-row.tsx';

/** The tree of the network. @see WAI-ARIA Authoring Practices, Tree View */
export function NetworkTree({
  ncaps,
  selection,
  path,
}: {
  readonly ncaps: readonly NcapResource[];
  readonly selection: Selection | undefined;
  readonly path: readonly string[];
}) {
  const filter = useSignal('');
  const opened = useSignal<ReadonlyMap<string, boolean>>(new Map());
  const focused = useSignal<string | undefined>(undefined);
  const list = useRef<HTMLDivElement>(null);
  const selected = rowKey(path);
  const isFound = selection !== undefined;
  const wishes = { opened: opened.value, filter: filter.value };
  const rows = useMemo(() => treeRows(ncaps, wishes), [ncaps, wishes.opened, wishes.filter]);

  const open = (keys: readonly string[], isOpen: boolean) => {
    opened.value = new Map([...opened.peek(), ...keys.map((key) => [key, isOpen] as const)]);
  };
  // What is selected by the address of the page is to be seen.
  useEffect(() => {
    if (selection) open(keysAbove(selection), true);
  }, [selected, isFound]);

  const focusOn = (key: string) => {
    focused.value = key;
    list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  };
  const select = (row: TreeRow) => {
    if (row.kind === 'group') open([row.key], !row.isExpanded);
    else goTo({ page: 'network', path: row.path });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const action = treeAction(rows, focused.peek() ?? selected, event.key);
    if (!action) return;
    event.preventDefault();
    if (action.kind === 'focus') focusOn(action.key);
    else if (action.kind === 'select') select(action.row);
    else
      open(
        action.rows.map(({ key }) => key),
        action.isOpen,
      );
  };

  const wanted = focused.value ?? selected;
  const reachable = rows.some(({ key }) => key === wanted) ? wanted : rows[0]?.key;
  return (
    <section class="panel tree-panel" aria-label="Tree of the network">
      <label class="tree-filter">
        <span class="visually-hidden">Filter by name, kind or protocol</span>
        <input
          type="search"
          placeholder="Filter by name, kind or protocol"
          autocomplete="off"
          spellcheck={false}
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value;
          }}
        />
      </label>
      <div class="tree" role="tree" aria-label="Network" ref={list} data-testid="network-tree">
        {rows.map((row) => (
          <TreeRowView
            key={row.key}
            row={row}
            isSelected={row.key === selected}
            isReachable={row.key === reachable}
            onSelect={() => {
              focused.value = row.key;
              select(row);
            }}
            onKeyDown={onKeyDown}
            onToggle={() => open([row.key], !row.isExpanded)}
            onFocus={() => {
              focused.value = row.key;
            }}
          />
        ))}
      </div>
      {rows.length === 0 && (
        <p class="tree-none muted" role="status">
          Nothing has these words.
        </p>
      )}
    </section>
  );
}
