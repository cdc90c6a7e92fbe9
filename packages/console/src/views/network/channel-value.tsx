import { Age } from '../../components/age.tsx';
import { formatFieldValue, unitOf } from '../../model/field-format.ts';
import { type ChannelMonitor, canBeRead } from '../../model/network/channel-monitor.ts';
import { isStale } from '../thing/stale.ts';

/** The newest value, large, with its unit, its uncertainty and its age. */
export function ChannelValue({ monitor }: { readonly monitor: ChannelMonitor }) {
  const status = monitor.status.value;
  const described = monitor.description.described.value;
  const reading = monitor.fields.value.get(monitor.key);
  const samples = monitor.latest.value?.samples.length ?? 0;
  if (!reading) {
    const isAwaited = status.kind === 'waiting' && (!described || canBeRead(described));
    return <p class="panel channel-value muted">{isAwaited ? 'Reading…' : 'No value'}</p>;
  }
  const { field } = reading;
  const unit = unitOf(field.value);
  const { uncertainty } = described ?? {};
  return (
    <div
      class={isStale(reading, status) ? 'panel channel-value is-stale' : 'panel channel-value'}
      data-testid="channel"
    >
      <p class="channel-number">
        <span class="value" data-testid="channel-value">
          {formatFieldValue(field.value)}
        </span>
        <span class="unit">{unit}</span>
      </p>
      <p class="channel-about muted">
        {uncertainty !== undefined && uncertainty > 0 && (
          <span title="Worst-case uncertainty">
            ± {uncertainty} {unit}
          </span>
        )}
        {samples > 1 && <span>last of a data set of {samples}</span>}
        <span>
          sampled <Age time={field.timestamp} />
        </span>
      </p>
    </div>
  );
}
