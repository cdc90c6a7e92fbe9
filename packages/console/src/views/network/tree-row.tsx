import { Age } from '../../components/age.tsx';
import { Icon } from '../../components/icon.tsx';
import type { TreeRow } from '../../model/network/tree-rows.ts';
import { ResourceSymbol } from './resource-symbol.tsx';

/** One row. What is away is grey, and says since when. */
export function TreeRowView({
  row,
  isSelected,
  isReachable,
  onSelect,
  onKeyDown,
  onToggle,
  onFocus,
}: {
  readonly row: TreeRow;
  readonly isSelected: boolean;
  /** Is it the one that the tab key comes to? */
  readonly isReachable: boolean;
  readonly onSelect: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onToggle: () => void;
  readonly onFocus: () => void;
}) {
  const { key, kind, level, place, siblings, name, detail, presence, isAway, isExpanded } = row;
  return (
    <div
      class={`tree-row tree-level-${level}${isAway ? ' is-away' : ''}`}
      role="treeitem"
      aria-level={level}
      aria-posinset={place}
      aria-setsize={siblings}
      aria-expanded={isExpanded}
      aria-selected={isSelected}
      tabIndex={isReachable ? 0 : -1}
      data-key={key}
      data-testid={`row-${name}`}
      onClick={onSelect}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      {/* For the mouse alone: the keys have arrows. */}
      <span
        class={isExpanded ? 'tree-twisty is-open' : 'tree-twisty'}
        aria-hidden="true"
        onClick={(event) => {
          if (isExpanded === undefined) return;
          event.stopPropagation();
          onToggle();
        }}
      >
        {isExpanded !== undefined && <Icon name="open" />}
      </span>
      <ResourceSymbol kind={kind} />
      <span class="tree-text">
        <span class="tree-name">{name}</span>
        <span class="tree-detail">{detail}</span>
      </span>
      {presence && <RowPresence {...presence} />}
    </div>
  );
}

function RowPresence({ isPresent, since }: { readonly isPresent: boolean; readonly since: Date | undefined }) {
  return (
    <span class="tree-presence">
      {!isPresent && <span>left {since && <Age time={since} />}</span>}
      <span class={`dot dot-${isPresent ? 'online' : 'offline'}`} aria-hidden="true" />
      <span class="visually-hidden">{isPresent ? 'present' : 'away'}</span>
    </span>
  );
}
