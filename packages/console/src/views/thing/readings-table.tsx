import { Age, Timestamp } from '../../components/age.tsx';
import { QosBadges } from '../../components/qos-badges.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { formatFieldValue, isIdentity, unitOf } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import type { ThingMonitor } from '../../model/thing-monitor.ts';
import { isStale } from './stale.ts';

/** All fields that are neither lamps nor say what the Thing is: the newest value of each. */
export function ReadingsTable({
  readings,
  monitor,
}: {
  readonly readings: readonly FieldReading[];
  readonly monitor: ThingMonitor;
}) {
  const shown = readings.filter(({ field }) => field.value.type !== 'boolean' && !isIdentity(field));
  if (shown.length === 0) return null;
  const status = monitor.status.value;
  return (
    <table class="readings panel">
      <caption class="visually-hidden">Values</caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col" class="readings-value">
            Value
          </th>
          <th scope="col" class="readings-unit">
            <span class="visually-hidden">Unit</span>
          </th>
          <th scope="col" class="readings-trend">
            2 min
          </th>
          <th scope="col" class="readings-quality">
            Quality
          </th>
          <th scope="col" class="readings-time">
            Sampled
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((reading) => (
          <Row key={reading.key} reading={reading} monitor={monitor} isStale={isStale(reading, status)} />
        ))}
      </tbody>
    </table>
  );
}

function Row({
  reading: { key, field },
  monitor,
  isStale,
}: {
  readonly reading: FieldReading;
  readonly monitor: ThingMonitor;
  readonly isStale: boolean;
}) {
  const samples = monitor.samplesOf(key)?.samples;
  const notable = field.qos.filter((flag) => flag !== 'automaticReadout');
  return (
    <tr class={isStale ? 'is-stale' : undefined} data-testid={`field-${field.name}`}>
      <th scope="row">
        {field.name}
        {notable.length > 0 && <QosBadges flags={notable} />}
      </th>
      <td class="readings-value">
        <span class="value" data-testid="value">
          {field.qos.includes('missing') ? '–' : formatFieldValue(field.value)}
        </span>
      </td>
      <td class="readings-unit unit">{unitOf(field.value)}</td>
      <td class="readings-trend">{samples && <Sparkline samples={samples} />}</td>
      <td class="readings-quality">
        <QosBadges flags={field.qos} />
      </td>
      <td class="readings-time">
        <div>
          <Timestamp time={field.timestamp} />
          <Age time={field.timestamp} />
        </div>
      </td>
    </tr>
  );
}
