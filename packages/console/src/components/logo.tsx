/** The mark of Thingward: a ward around a Thing. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M12 2 20.5 5v6.2c0 5-3.5 8.7-8.5 10.8-5-2.1-8.5-5.8-8.5-10.8V5z" />
      <path d="M8 12.2a4 4 0 0 1 8 0" />
      <circle cx="12" cy="13.4" r="1.6" />
    </svg>
  );
}
