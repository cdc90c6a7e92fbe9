import { useApp } from '../app-context.ts';
import { formatAge, formatTimestamp } from '../model/time-format.ts';

/** How long ago something was. */
export function Age({ time }: { readonly time: Date }) {
  const now = useApp().now.value;
  return (
    <time class="age" dateTime={time.toISOString()} title={time.toString()}>
      {formatAge(time, now)}
    </time>
  );
}

/** When something was, in local time. */
export function Timestamp({ time }: { readonly time: Date }) {
  const now = useApp().now.value;
  return (
    <time class="timestamp" dateTime={time.toISOString()} title={time.toString()}>
      {formatTimestamp(time, now)}
    </time>
  );
}
