/** Pictures of kinds of Things, outlines on a grid of 24. What has none of its own gets that of its kind. */
const PATHS: Readonly<Record<string, string>> = {
  actuator: 'M5 7h14v10H5zM9 12h6M12 9v6',
  battery: 'M4 8h14v8H4zM18 10.5h2v3h-2M7 11v2M10 11v2',
  bell: 'M6 16h12l-1.5-2.5V10a4.5 4.5 0 0 0-9 0v3.5zM10.5 19h3',
  blinds: 'M4 5h16M6 5v14h12V5M6 9h12M6 13h12M6 17h12',
  camera: 'M4 8h3l2-2.5h6L17 8h3v10H4zM12 10a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  controller: 'M5 6h14M5 12h14M5 18h14M9 4.5v3M15 10.5v3M8 16.5v3',
  display: 'M4 5h16v11H4zM9 20h6M12 16v4',
  door: 'M7 20V4h10v16M4 20h16M14 12v1',
  drop: 'M12 4c3.5 4.3 5.5 7 5.5 9.7a5.5 5.5 0 0 1-11 0C6.5 11 8.5 8.3 12 4z',
  electricity: 'M13 3 6 13.5h5L10 21l8-11h-5.5z',
  fan: 'M12 12m-1.5 0a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0M12 10.5C10 7 11 4 13.5 4.5S15 9 13.3 11M13.5 12.5c4-.5 6 1.5 4.7 3.5s-4.5.5-5.5-2M11 13c-1.5 3.5-4.5 4.5-5.5 2.3s2-4.3 5-3.8',
  flame: 'M12 3c1 3.5 5 5.5 5 10a5 5 0 0 1-10 0c0-2 1-3.5 2-4.5 0 1.5.7 2.5 1.5 3C11 8.5 10.5 6 12 3z',
  lamp: 'M9 17.5h6M10 20.5h4M8.8 14.5A5.8 5.8 0 1 1 15.2 14.5c-.5.4-.7 1-.7 1.5h-5c0-.5-.2-1.1-.7-1.5z',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2',
  meter: 'M12 5a8 8 0 0 0-8 8v3h16v-3a8 8 0 0 0-8-8zM12 13l3.5-4',
  rain: 'M7.5 13a3.5 3.5 0 0 1 .3-7 4.5 4.5 0 0 1 8.5 1 3 3 0 0 1 .2 6zM8 16l-1 3M12 16l-1 3M16 16l-1 3',
  sensor: 'M4 12h3l2.5-6 4 12 2.5-6h4',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  thermometer: 'M10 13.5V6a2 2 0 1 1 4 0v7.5a4 4 0 1 1-4 0zM12 9v7.5',
  wind: 'M4 9h10a2.5 2.5 0 1 0-2.5-2.5M4 13h13a2.5 2.5 0 1 1-2.5 2.5M4 17h6',
  window: 'M5 4h14v16H5zM12 4v16M5 12h14',
};

/** A picture beside a title that says the same. */
export function ThingSymbol({ name, layout }: { readonly name: string; readonly layout: string }) {
  const fallback = layout === 'control' ? 'actuator' : layout === 'counters' ? 'meter' : 'sensor';
  return (
    <svg class="thing-symbol" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name] ?? PATHS[fallback]} />
    </svg>
  );
}
