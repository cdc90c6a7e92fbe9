import { displayedJid } from '@thingward/xmpp';
import { useApp, useWorkspace } from '../../app-context.ts';
import { Icon } from '../../components/icon.tsx';
import { Logo } from '../../components/logo.tsx';

export function TopBar() {
  const { session } = useApp();
  const { connection } = useWorkspace();
  return (
    <header class="top-bar">
      <a class="brand" href="#/things">
        <Logo />
        <span>Thingward</span>
      </a>
      <span class="top-bar-jid">{displayedJid(connection.jid.bare)}</span>
      <button type="button" class="button quiet" onClick={() => session.signOut()}>
        <Icon name="signOut" />
        Sign out
      </button>
    </header>
  );
}
