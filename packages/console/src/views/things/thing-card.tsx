import { displayedJid } from '@thingward/xmpp';
import { useEffect } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { Age } from '../../components/age.tsx';
import { AvailabilityDot } from '../../components/availability.tsx';
import { Lamp } from '../../components/lamp.tsx';
import type { Entry } from '../../model/directory.ts';
import { formatFieldValue, unitOf } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import { headlineOf } from '../../model/headline.ts';
import { lampStateOf } from '../../model/lamp.ts';
import type { ReadoutStatus } from '../../model/readout.ts';
import { formatRoute } from '../../model/route.ts';

const FIELDS_SHOWN = 4;
const INTERVAL_MS = 2000;
/** All the cards of a page together ask for no more than this many read-outs a second. */
const READS_PER_SECOND = 4;

/** A Thing in the list: what it is, and its most telling fields. */
export function ThingCard({ entry, count }: { readonly entry: Entry; readonly count: number }) {
  const workspace = useWorkspace();
  const bare = entry.jid.toString();
  const monitor = workspace.monitorOf(bare);
  const intervalMs = Math.max(INTERVAL_MS, (1000 * count) / READS_PER_SECOND);
  useEffect(() => monitor.watch(intervalMs), [monitor, intervalMs]);

  const status = monitor.status.value;
  const readings = headlineOf(monitor.fields.value.values(), FIELDS_SHOWN);
  return (
    <article class="thing-card panel" data-testid={`thing-${bare}`}>
      <header>
        <AvailabilityDot of={entry.availability} />
        <h2>
          <a href={formatRoute({ page: 'thing', jid: bare })}>{entry.name}</a>
        </h2>
        <span class="jid">{displayedJid(entry.jid)}</span>
      </header>
      {readings.length === 0 && <p class="headline-empty muted">No values yet</p>}
      <dl class="headline">
        {readings.map((reading) => (
          <HeadlineField key={reading.key} reading={reading} isStale={status.kind !== 'live' || !reading.isCurrent} />
        ))}
      </dl>
      <p class={status.kind === 'failing' ? 'thing-card-status is-bad' : 'thing-card-status'}>
        <CardStatus entry={entry} status={status} newest={readings[0]?.field.timestamp} />
      </p>
    </article>
  );
}

function HeadlineField({ reading: { field }, isStale }: { readonly reading: FieldReading; readonly isStale: boolean }) {
  const lamp = field.value.type === 'boolean' ? lampStateOf(field) : undefined;
  return (
    <div class={isStale ? 'is-stale' : undefined}>
      <dt>{field.name}</dt>
      <dd>
        {lamp && <Lamp state={lamp} />}
        <span class="value">{formatFieldValue(field.value)}</span>
        <span class="unit">{unitOf(field.value)}</span>
      </dd>
    </div>
  );
}

function CardStatus({
  entry,
  status,
  newest,
}: {
  readonly entry: Entry;
  readonly status: ReadoutStatus;
  readonly newest: Date | undefined;
}) {
  const read = newest && (
    <>
      , read <Age time={newest} />
    </>
  );
  if (entry.availability === 'asked') return <>Waiting for it to accept your friendship</>;
  if (entry.availability === 'hidden') return <>Not a friend: it shows you nothing</>;
  switch (status.kind) {
    case 'waiting':
      return <>Reading…</>;
    case 'live':
      return <>Live{read}</>;
    case 'disconnected':
      return <>Not connected{read}</>;
    case 'offline':
      return <>Offline{read}</>;
    case 'failing':
      return <>{status.problem}</>;
  }
}
