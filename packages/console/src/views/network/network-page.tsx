import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { Notice } from '../../components/notice.tsx';
import { explain } from '../../model/explain.ts';
import { Network } from '../../model/network/network.ts';
import { selectionOf } from '../../model/network/selection.ts';
import type { NetworkPageProps } from './network-page-props.ts';
import { NetworkState } from './network-state.tsx';
import { NetworkTree } from './network-tree.tsx';
import { RecentEvents } from './recent-events.tsx';
import { SelectionPanel } from './selection-panel.tsx';
import '../../styles/network.css';
import '../../styles/teds.css';

/** NCAPs, their TIMs and channels, and what else gateways have: as a tree, with what is selected beside it. */
export function NetworkPage({ path }: NetworkPageProps) {
  const { connection } = useWorkspace();
  const problem = useSignal<string | undefined>(undefined);
  const network = useNetwork(problem);
  return (
    <>
      <header class="page-header">
        <h1>Network</h1>
        <p class="muted">NCAPs at {connection.jid.domain}, their TIMs and channels, and the Things beside them.</p>
      </header>
      {problem.value !== undefined && <Notice kind="error">{problem.value}</Notice>}
      {network && <NetworkView network={network} path={path} />}
      {!network && problem.value === undefined && <p class="muted">Asking the MCAP…</p>}
    </>
  );
}

function useNetwork(problem: { value: string | undefined }): Network | undefined {
  const { connection, isOnline } = useWorkspace();
  const network = useSignal<Network | undefined>(undefined);
  useEffect(() => {
    let isGone = false;
    let stop: (() => void) | undefined;
    connection.network().then(
      (mcap) => {
        if (isGone) return;
        const made = new Network(mcap, isOnline);
        stop = made.watch();
        network.value = made;
      },
      (error: unknown) => {
        if (!isGone) problem.value = explain(error);
      },
    );
    return () => {
      isGone = true;
      stop?.();
    };
  }, [connection, isOnline, network, problem]);
  return network.value;
}

function NetworkView({ network, path }: { readonly network: Network; readonly path: readonly string[] }) {
  const ncaps = network.ncaps.value;
  const state = network.state.value;
  const selection = useMemo(() => selectionOf(ncaps, path), [ncaps, path]);
  const hasTree = ncaps.length > 0;
  const isSelected = path.length > 0;
  return (
    <>
      <NetworkState state={state} isEmpty={!hasTree} />
      {hasTree && (
        <div class={isSelected ? 'network has-selection' : 'network'}>
          <div class="network-side">
            <NetworkTree ncaps={ncaps} selection={selection} path={path} />
            <RecentEvents events={network.events.value} />
          </div>
          <div class="network-selection">
            <SelectionPanel network={network} selection={selection} path={path} />
          </div>
        </div>
      )}
    </>
  );
}
