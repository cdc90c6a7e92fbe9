import { Timestamp } from '../../components/age.tsx';
import type { NetworkEvent } from '../../model/network/network.ts';

const VERBS: Readonly<Record<NetworkEvent['kind'], string>> = { joined: 'joined', left: 'left', event: 'told' };

/** What joined, left and told something while this page is open. Who listens hears it too. */
export function RecentEvents({ events }: { readonly events: readonly NetworkEvent[] }) {
  return (
    <section class="panel recent" aria-labelledby="recent-title">
      <h2 id="recent-title">Happening now</h2>
      {events.length === 0 && <p class="muted">Nothing since this page was opened.</p>}
      <ol class="recent-list" aria-live="polite" aria-relevant="additions" data-testid="network-events">
        {events.map(({ number, time, kind, what, detail }) => (
          <li key={number} class={`recent-event is-${kind}`}>
            <Timestamp time={time} />
            <span class="break">
              <strong>{what.at(-1)}</strong> {VERBS[kind]}
              {detail !== undefined && <>: {detail}</>}
              {what.length > 1 && <span class="muted"> · {what.slice(0, -1).join(' › ')}</span>}
            </span>
          </li>
        ))}
      </ol>
      <p class="recent-more">
        <a href="#/events">All events</a>
      </p>
    </section>
  );
}
