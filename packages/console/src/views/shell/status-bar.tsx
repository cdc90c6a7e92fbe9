import { displayedJid } from '@thingward/xmpp';
import { useApp, useWorkspace } from '../../app-context.ts';

/** Where we are connected, as whom, and whether it works. */
export function StatusBar() {
  const { session } = useApp();
  const { connection } = useWorkspace();
  const state = session.state.value;
  const isLost = state.kind === 'signed-in' && state.lostAt !== undefined;
  const { jid } = connection;
  return (
    <footer class="status-bar">
      <strong>Thingward</strong>
      <dl>
        <div>
          <dt>Server</dt>
          <dd>
            {jid.domain} <span class="muted">via {location.host}</span>
          </dd>
        </div>
        <div>
          <dt>Signed in as</dt>
          <dd class="break">{displayedJid(jid)}</dd>
        </div>
        <div>
          <dt>Connection</dt>
          <dd data-testid="connection-state">
            <span class={`dot ${isLost ? 'dot-lost' : 'dot-online'}`} aria-hidden="true" />
            {isLost ? 'Reconnecting' : 'Online'}
          </dd>
        </div>
      </dl>
    </footer>
  );
}
