import { useApp } from '../../app-context.ts';
import { Age, Timestamp } from '../../components/age.tsx';
import { QosBadges } from '../../components/qos-badges.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { formatFieldValue, isIdentity, numberOf, unitOf } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import type { ThingMonitor } from '../../model/thing-monitor.ts';
import type { Trends } from '../../model/trends.ts';
import { isStale } from './stale.ts';

const SPARK_SECONDS = 120;

/** All fields that are neither lamps nor say what the Thing is: the newest value of each. */
export function ReadingsTable({
  readings,
  monitor,
  trends,
}: {
  readonly readings: readonly FieldReading[];
  readonly monitor: ThingMonitor;
  readonly trends: Trends;
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
          <Row key={reading.key} reading={reading} trends={trends} isStale={isStale(reading, status)} />
        ))}
      </tbody>
    </table>
  );
}

function Row({
  reading: { key, field },
  trends,
  isStale,
}: {
  readonly reading: FieldReading;
  readonly trends: Trends;
  readonly isStale: boolean;
}) {
  const points =
    numberOf(field.value) === undefined ? [] : trends.recentPointsOf(key, useApp().now.value.getTime(), SPARK_SECONDS);
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
      <td class="readings-trend">
        <Sparkline points={points} seconds={SPARK_SECONDS} />
      </td>
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
