import type { QosFlag } from '@thingward/things';
import { QOS_BADGES } from '../model/field-format.ts';

/** The quality-of-service flags of a field. */
export function QosBadges({ flags }: { readonly flags: readonly QosFlag[] }) {
  return (
    <span class="badges">
      {flags.map((flag) => {
        const { label, severity, meaning } = QOS_BADGES[flag];
        return (
          <span key={flag} class={`badge badge-${severity}`} title={meaning}>
            {label}
          </span>
        );
      })}
    </span>
  );
}
