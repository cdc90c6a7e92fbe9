import { Age } from '../../components/age.tsx';
import { Lamp } from '../../components/lamp.tsx';
import { QosBadges } from '../../components/qos-badges.tsx';
import { formatFieldValue, isIdentity } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import { lampStateOf } from '../../model/lamp.ts';
import type { ReadoutStatus } from '../../model/readout.ts';
import { isStale } from './stale.ts';

/** Boolean fields, as indicator lamps. */
export function LampsPanel({
  readings,
  status,
}: {
  readonly readings: readonly FieldReading[];
  readonly status: ReadoutStatus;
}) {
  const booleans = readings.filter(({ field }) => field.value.type === 'boolean' && !isIdentity(field));
  if (booleans.length === 0) return null;
  return (
    <ul class="lamps panel" aria-label="States">
      {booleans.map((reading) => (
        <LampItem key={reading.key} reading={reading} isStale={isStale(reading, status)} />
      ))}
    </ul>
  );
}

function LampItem({ reading: { field }, isStale }: { readonly reading: FieldReading; readonly isStale: boolean }) {
  const state = lampStateOf(field);
  const notable = field.qos.filter((flag) => flag !== 'automaticReadout');
  return (
    <li class={isStale ? 'lamp-item is-stale' : 'lamp-item'} data-testid={`field-${field.name}`}>
      <Lamp state={state} />
      <span class="lamp-name">{field.name}</span>
      <span class={`lamp-value lamp-value-${state}`}>{state === 'unknown' ? '–' : formatFieldValue(field.value)}</span>
      {notable.length > 0 && <QosBadges flags={notable} />}
      {isStale && <Age time={field.timestamp} />}
    </li>
  );
}
