import type { Availability } from '../model/directory.ts';

const WORDS: Readonly<Record<Availability, string>> = {
  online: 'Online',
  offline: 'Offline',
  asked: 'Waiting for acceptance',
  hidden: 'Not a friend',
};

/** A dot that is full when the Thing is there. */
export function AvailabilityDot({ of }: { readonly of: Availability }) {
  return <span class={`dot dot-${of}`} role="img" aria-label={WORDS[of]} title={WORDS[of]} />;
}

/** The dot with its meaning. */
export function AvailabilityLabel({ of }: { readonly of: Availability }) {
  return (
    <span class="availability">
      <span class={`dot dot-${of}`} aria-hidden="true" />
      {WORDS[of]}
    </span>
  );
}
