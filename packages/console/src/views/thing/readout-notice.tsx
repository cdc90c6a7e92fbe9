import { useApp } from '../../app-context.ts';
import { Timestamp } from '../../components/age.tsx';
import { Notice } from '../../components/notice.tsx';
import type { ThingMonitor } from '../../model/thing-monitor.ts';

/** What is read again and again. */
type Monitor = Pick<ThingMonitor, 'status' | 'nextAt' | 'readNow'>;

/** Why values are not up to date, if they are not. */
export function ReadoutNotice({ monitor }: { readonly monitor: Monitor }) {
  const status = monitor.status.value;
  if (status.kind === 'offline') {
    return (
      <Notice kind="warning" testId="readout-notice">
        <strong>Offline.</strong> Values are as last read, and go on as soon as it is back.
      </Notice>
    );
  }
  if (status.kind !== 'failing') return null;
  return (
    <div class="readout-failure">
      <Notice kind="error" testId="readout-notice">
        <strong>{status.problem}</strong> Not read since <Timestamp time={status.since} />: greyed values are as last
        read.
      </Notice>
      <NextAttempt monitor={monitor} />
    </div>
  );
}

/** Beside the notice, so that the seconds are not said aloud. */
function NextAttempt({ monitor }: { readonly monitor: Monitor }) {
  const now = useApp().now.value.getTime();
  const nextAt = monitor.nextAt.value;
  const seconds = nextAt === undefined ? 0 : Math.max(0, Math.ceil((nextAt - now) / 1000));
  return (
    <span class="next-attempt">
      <span class="muted">{seconds === 0 ? 'Reading…' : `Again in ${seconds} s`}</span>
      <button type="button" class="button" onClick={() => monitor.readNow()}>
        Read now
      </button>
    </span>
  );
}
