import { EVENT_TYPES, type EventType } from '@thingward/things';
import { useEffect } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { Notice } from '../../components/notice.tsx';
import { EventRow } from './event-row.tsx';

const CHOICES: readonly { readonly leastType: EventType | undefined; readonly label: string }[] = [
  { leastType: undefined, label: 'All' },
  { leastType: 'Notice', label: 'Notices' },
  { leastType: 'Warning', label: 'Warnings' },
  { leastType: 'Error', label: 'Errors' },
];

/** What happens on the network, as it happens: refused commands, lost devices, failures. */
export function EventsPage() {
  const { events: feed } = useWorkspace();
  useEffect(() => feed.watch(), [feed]);
  const state = feed.state.value;
  const chosen = feed.leastType.value;
  const events = feed.events.value;
  return (
    <>
      <header class="page-header">
        <h1>Events</h1>
        <p class="muted">What happens on the network, as it happens.</p>
      </header>
      {state.kind === 'absent' && <Notice kind="info">{state.problem}</Notice>}
      {state.kind === 'loaded' && state.problem !== undefined && <Notice kind="error">{state.problem}</Notice>}
      {state.kind !== 'absent' && (
        <fieldset class="events-choice">
          <legend class="visually-hidden">Least severity</legend>
          {CHOICES.filter(({ leastType }) => leastType === undefined || EVENT_TYPES.includes(leastType)).map(
            ({ leastType, label }) => (
              <label key={label}>
                <input
                  type="radio"
                  name="least-type"
                  checked={chosen === leastType}
                  onChange={() => feed.choose(leastType)}
                />
                {label}
              </label>
            ),
          )}
        </fieldset>
      )}
      {state.kind === 'loading' && <p class="muted">Asking the log …</p>}
      {state.kind === 'loaded' && events.length === 0 && <p class="muted">Nothing of the kind has happened.</p>}
      <ol class="events-list" aria-live="polite" aria-relevant="additions" data-testid="events">
        {events.map((stored) => (
          <EventRow key={stored.sequence} stored={stored} />
        ))}
      </ol>
    </>
  );
}
