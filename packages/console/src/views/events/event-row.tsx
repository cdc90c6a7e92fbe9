import type { EventType, StoredEvent } from '@thingward/things';
import { displayedJid } from '@thingward/xmpp';
import { Timestamp } from '../../components/age.tsx';

const SEVERITY: Readonly<Record<EventType, 'calm' | 'warning' | 'error'>> = {
  Debug: 'calm',
  Informational: 'calm',
  Notice: 'calm',
  Warning: 'warning',
  Error: 'error',
  Critical: 'error',
  Alert: 'error',
  Emergency: 'error',
};

/** One event; its details are opened by who wants to see them. */
export function EventRow({ stored: { sender, event } }: { readonly stored: StoredEvent }) {
  const { type, timestamp, message, facility, module, object, subject, id, tags, stackTrace } = event;
  const source = [facility, module].filter((part) => part !== undefined).join(' / ');
  const details = [
    ...(object === undefined ? [] : [{ name: 'object', value: object }]),
    ...(subject === undefined ? [] : [{ name: 'subject', value: subject }]),
    ...(id === undefined ? [] : [{ name: 'event', value: id }]),
    ...tags,
  ];
  return (
    <li class={`event-row is-${SEVERITY[type]}`}>
      <div class="event-head">
        <span class="event-type">{type}</span>
        <Timestamp time={timestamp} />
        <span class="muted break">
          {displayedJid(sender)}
          {source && ` · ${source}`}
        </span>
      </div>
      <p class="event-message break">{message}</p>
      {(details.length > 0 || stackTrace !== undefined) && (
        <details>
          <summary>Details</summary>
          <dl class="event-details">
            {details.map(({ name, value }, i) => (
              <div key={`${name} ${i}`}>
                <dt>{name}</dt>
                <dd class="break">{value}</dd>
              </div>
            ))}
          </dl>
          {stackTrace !== undefined && <pre class="event-trace">{stackTrace}</pre>}
        </details>
      )}
    </li>
  );
}
