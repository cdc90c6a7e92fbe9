import { Notice } from '../../components/notice.tsx';
import type { NetworkState as State } from '../../model/network/network.ts';

/** Why there is no tree, or why it may be out of date, and what to do about it. */
export function NetworkState({ state, isEmpty }: { readonly state: State; readonly isEmpty: boolean }) {
  switch (state.kind) {
    case 'loading':
      return <p class="muted">Asking the MCAP…</p>;
    case 'absent':
      return (
        <div class="panel empty" data-testid="network-absent">
          <p>
            <strong>{state.problem}</strong>
          </p>
          <p class="muted">
            The MCAP knows the NCAPs of the network. Whoever runs the server can switch it on (<code>mcap.enabled</code>{' '}
            in its configuration), or start <code>thingward service mcap</code> beside it. This page fills as soon as it
            is there; your Things are under <a href="#/things">Things</a> meanwhile.
          </p>
        </div>
      );
    case 'failed':
      return (
        <Notice kind="error">
          <strong>The MCAP can’t be asked.</strong> {state.problem} It is asked again every half minute.
        </Notice>
      );
    case 'loaded':
      return (
        <>
          {state.problem !== undefined && (
            <Notice kind="warning">
              What is shown may be out of date: {state.problem} It is asked for again every half minute.
            </Notice>
          )}
          {isEmpty && <NothingAnnounced />}
        </>
      );
  }
}

function NothingAnnounced() {
  return (
    <div class="panel empty" data-testid="network-empty">
      <p>
        <strong>No NCAP that you may see has announced itself yet.</strong>
      </p>
      <p class="muted">
        A gateway announces itself when it connects. You see what you own, and what owners let you read: claim a Thing
        of the gateway, or ask its owner. What is announced appears here by itself.
      </p>
      <p class="actions">
        <a class="button primary" href="#/claim">
          Claim a Thing
        </a>
      </p>
    </div>
  );
}
