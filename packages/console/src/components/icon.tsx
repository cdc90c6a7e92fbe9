/** Outlines on a grid of 20, drawn with a line of 1.5. */
const PATHS = {
  things: 'M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z',
  claim: 'M3 3h5v5H3zM12 3h5v5h-5zM3 12h5v5H3zM12 12h2v2h-2zM17 12v5h-5M17 17h-2',
  access: 'M10 2.5 16 5v4.5c0 4-2.6 6.6-6 8-3.4-1.4-6-4-6-8V5zM7.3 9.8l2 2 3.6-3.8',
  events: 'M3 5h2M3 10h2M3 15h2M8 5h9M8 10h9M8 15h9',
  network: 'M7 3h6v4H7zM2 13h5v4H2zM13 13h5v4h-5zM10 7v3M4.5 13v-3h11v3',
  open: 'M7 4l6 6-6 6',
  search: 'M8.5 3a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM12.5 12.5 17 17',
  signOut: 'M8 3H4v14h4M8 10h9M13.5 6.5 17 10l-3.5 3.5',
  back: 'M12 4 6 10l6 6',
  warning: 'M10 3 18 17H2zM10 8v4M10 14.2v.6',
  error: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 6v5M10 13.2v.6',
  info: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 9v5M10 6.2v.6',
  done: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM6.8 10.2l2.2 2.2 4.2-4.6',
  camera: 'M3 6h3l1.5-2h5L14 6h3v10H3zM10 8a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  picture: 'M3 4h14v12H3zM3 14l4-4 3 3 3-4 4 4M7 7.2v.6',
  close: 'M5 5l10 10M15 5 5 15',
  add: 'M10 4v12M4 10h12',
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside a text that says the same. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
