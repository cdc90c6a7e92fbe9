import { useComputed } from '@preact/signals';
import { nodeKey } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { useEffect, useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { AvailabilityLabel } from '../../components/availability.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { isIdentity } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import type { ThingMonitor } from '../../model/thing-monitor.ts';
import { Trends } from '../../model/trends.ts';
import { ControlsPanel } from './controls-panel.tsx';
import { IdentityPanel } from './identity-panel.tsx';
import { LampsPanel } from './lamps-panel.tsx';
import { ReadingsTable } from './readings-table.tsx';
import { ReadoutNotice } from './readout-notice.tsx';
import { TrendsPanel } from './trends-panel.tsx';

const INTERVAL_MS = 1000;

/** @param jid as it stands in the address of the page */
export function ThingPage({ jid }: { readonly jid: string }) {
  const bare = Jid.tryParse(jid)?.bare.toString();
  if (bare === undefined) return <Notice kind="error">“{jid}” is not the address of a Thing.</Notice>;
  return <ThingView bare={bare} />;
}

function ThingView({ bare }: { readonly bare: string }) {
  const workspace = useWorkspace();
  const { directory, connection, isOnline } = workspace;
  const entry = directory.entryOf(bare);
  const isLoaded = directory.entries.value !== undefined;
  const monitor = workspace.monitorOf(bare);
  useEffect(() => monitor.watch(INTERVAL_MS), [monitor]);
  const trends = useTrends(monitor);

  const availability = entry?.availability ?? 'hidden';
  const groups = useMemo(() => groupByNode(monitor.fields.value.values()), [monitor.fields.value]);
  const identity = groups.flatMap(({ readings }) => readings.filter(({ field }) => isIdentity(field)));
  return (
    <div class="thing">
      <header class="page-header">
        <a class="back" href="#/things">
          <Icon name="back" />
          Things
        </a>
        <h1>{entry?.name ?? Jid.parse(bare).local ?? bare}</h1>
        <span class="jid">{bare}</span>
        {isLoaded && <AvailabilityLabel of={availability} />}
      </header>
      {isLoaded && availability === 'hidden' && (
        <Notice kind="info">
          <p>{bare} is not among your friends, so it shows you nothing.</p>
          <p class="actions">
            <button
              type="button"
              class="button"
              disabled={!isOnline.value}
              onClick={() => connection.befriend(Jid.parse(bare))}
            >
              Request friendship
            </button>
          </p>
        </Notice>
      )}
      {availability === 'asked' && (
        <Notice kind="info">Waiting for {bare} to accept your friendship. Its values appear as soon as it does.</Notice>
      )}
      {entry && availability !== 'hidden' && availability !== 'asked' && <ReadoutNotice monitor={monitor} />}
      <div class="thing-body">
        <div class="thing-values">
          {groups.map(({ nodeId, readings }) => (
            <section key={nodeId ?? ''} class="section" aria-label={nodeId ?? 'Values'}>
              {nodeId !== undefined && <h2>{nodeId}</h2>}
              <LampsPanel readings={readings} status={monitor.status.value} />
              <ReadingsTable readings={readings} monitor={monitor} trends={trends} />
            </section>
          ))}
          {groups.length === 0 && availability === 'online' && <p class="muted">Reading…</p>}
        </div>
        <div class="thing-side">
          <ControlsPanel monitor={monitor} isAvailable={availability === 'online'} />
          <IdentityPanel readings={identity} entry={entry} />
        </div>
        <TrendsPanel monitor={monitor} trends={trends} />
      </div>
    </div>
  );
}

/** The trends of the Thing, loaded while they are shown. */
function useTrends(monitor: ThingMonitor): Trends {
  const { connection, isOnline, isVisible } = useWorkspace();
  const isActive = useComputed(() => isOnline.value && isVisible.value);
  const trends = useMemo(() => new Trends(connection, monitor, isActive), [connection, monitor, isActive]);
  useEffect(() => {
    trends.start();
    return () => trends.stop();
  }, [trends]);
  return trends;
}

interface NodeGroup {
  /** Undefined: the Thing that the JID itself is. */
  readonly nodeId: string | undefined;
  readonly readings: readonly FieldReading[];
}

/** The fields of each of the Things behind the JID. */
function groupByNode(readings: Iterable<FieldReading>): NodeGroup[] {
  const groups = new Map<string, { nodeId: string | undefined; readings: FieldReading[] }>();
  for (const reading of readings) {
    const { node } = reading.field;
    const group = groups.get(nodeKey(node)) ?? { nodeId: node?.nodeId, readings: [] };
    group.readings.push(reading);
    groups.set(nodeKey(node), group);
  }
  return [...groups.values()];
}
