import { useComputed } from '@preact/signals';
import { type NodeReference, nodeKey } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { useEffect, useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { AvailabilityLabel } from '../../components/availability.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { Controls } from '../../model/controls.ts';
import { isIdentity } from '../../model/field-format.ts';
import type { FieldReading } from '../../model/field-key.ts';
import { fieldsShown, interfacePanels } from '../../model/interface-panels.ts';
import { Interfaces } from '../../model/interfaces.ts';
import type { ThingMonitor } from '../../model/thing-monitor.ts';
import { ControlsPanel } from './controls-panel.tsx';
import { IdentityPanel } from './identity-panel.tsx';
import { InterfacePanels } from './interface-panel.tsx';
import { LampsPanel } from './lamps-panel.tsx';
import { ReadingsTable } from './readings-table.tsx';
import { ReadoutNotice } from './readout-notice.tsx';
import { TrendsPanel } from './trends-panel.tsx';
import { useTrends } from './use-trends.ts';

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
  const controls = useControls(monitor);
  const interfaces = useInterfaces(monitor);

  const availability = entry?.availability ?? 'hidden';
  const groups = useMemo(() => groupByNode(monitor.fields.value.values()), [monitor.fields.value]);
  const isDisabled = availability !== 'online' || !isOnline.value;
  const shown = groups.map(({ node, readings }) => {
    const ofNode = controls.groups.value.find((group) => nodeKey(group.node) === nodeKey(node))?.controls ?? [];
    return interfacePanels(interfaces.names.value.get(nodeKey(node)) ?? [], readings, ofNode);
  });
  const elsewhere = new Set(
    shown.flat().flatMap(({ elements }) => elements.flatMap((one) => (one.kind === 'control' ? one.control : []))),
  );
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
          {groups.map(({ node, readings }, i) => {
            const panels = shown[i] ?? [];
            const inPanels = fieldsShown(panels, readings);
            const others = readings.filter(({ key }) => !inPanels.has(key));
            const status = monitor.status.value;
            return (
              <section key={nodeKey(node)} class="section" aria-label={node?.nodeId ?? 'Values'}>
                {node !== undefined && <h2>{node.nodeId}</h2>}
                <InterfacePanels panels={panels} status={status} trends={trends} isDisabled={isDisabled} />
                <LampsPanel readings={others} status={status} />
                <ReadingsTable readings={others} monitor={monitor} trends={trends} />
              </section>
            );
          })}
          {groups.length === 0 && availability === 'online' && <p class="muted">Reading…</p>}
        </div>
        <div class="thing-side">
          <ControlsPanel controls={controls} elsewhere={elsewhere} isDisabled={isDisabled} />
          <IdentityPanel readings={identity} entry={entry} />
        </div>
        <TrendsPanel source={monitor} trends={trends} />
      </div>
    </div>
  );
}

/** What can be set, kept up to date while it is shown. */
function useControls(monitor: ThingMonitor): Controls {
  const { connection, isOnline, isVisible } = useWorkspace();
  const isActive = useComputed(() => isOnline.value && isVisible.value);
  const controls = useMemo(() => new Controls(connection, monitor, isActive), [connection, monitor, isActive]);
  useEffect(() => {
    controls.start();
    return () => controls.stop();
  }, [controls]);
  return controls;
}

/** What the Thing says it is. */
function useInterfaces(monitor: ThingMonitor): Interfaces {
  const { connection, isOnline, isVisible } = useWorkspace();
  const isActive = useComputed(() => isOnline.value && isVisible.value);
  const interfaces = useMemo(() => new Interfaces(connection, monitor, isActive), [connection, monitor, isActive]);
  useEffect(() => {
    interfaces.start();
    return () => interfaces.stop();
  }, [interfaces]);
  return interfaces;
}

interface NodeGroup {
  /** Undefined: the Thing that the JID itself is. */
  readonly node: NodeReference | undefined;
  readonly readings: readonly FieldReading[];
}

/** The fields of each of the Things behind the JID. */
function groupByNode(readings: Iterable<FieldReading>): NodeGroup[] {
  const groups = new Map<string, { node: NodeReference | undefined; readings: FieldReading[] }>();
  for (const reading of readings) {
    const { node } = reading.field;
    const group = groups.get(nodeKey(node)) ?? { node, readings: [] };
    group.readings.push(reading);
    groups.set(nodeKey(node), group);
  }
  return [...groups.values()];
}
