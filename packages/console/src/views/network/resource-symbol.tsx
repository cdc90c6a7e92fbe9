import type { RowKind } from '../../model/network/tree-rows.ts';

/** Outlines on a grid of 20. */
const PATHS: Readonly<Record<RowKind, string>> = {
  ncap: 'M3 5h14v10H3zM6 15v2M14 15v2M6 8h2M10 8h4M6 12h2',
  tim: 'M5 5h10v10H5zM8 2v3M12 2v3M8 15v3M12 15v3M2 8h3M2 12h3M15 8h3M15 12h3',
  sensor: 'M2 10h3l2-5 4 10 2.5-5H18',
  actuator: 'M3 6h14v8H3zM7 10h6M10 7.5v5',
  'event-sensor': 'M5 13h10l-1.2-2V8.5a3.8 3.8 0 0 0-7.6 0V11zM8.7 16h2.6',
  group: 'M3 5h5l1.5 2H17v9H3z',
  thing: 'M5 5h10v10H5z',
};

/** A picture beside words that say the same. */
export function ResourceSymbol({ kind }: { readonly kind: RowKind }) {
  return (
    <svg class={`icon resource-symbol symbol-${kind}`} viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[kind]} />
    </svg>
  );
}
