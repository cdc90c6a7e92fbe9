import { useEffect, useMemo } from 'preact/hooks';
import { useApp, WorkspaceProvider } from './app-context.ts';
import type { Connection } from './model/connection.ts';
import { Workspace } from './model/workspace.ts';
import { Shell } from './views/shell/shell.tsx';
import { SignIn } from './views/sign-in/sign-in.tsx';

export function App() {
  const { session } = useApp();
  const state = session.state.value;
  if (state.kind !== 'signed-in') return <SignIn />;
  return <SignedIn connection={state.connection} />;
}

function SignedIn({ connection }: { readonly connection: Connection }) {
  const { isVisible } = useApp();
  const workspace = useMemo(() => new Workspace(connection, isVisible), [connection, isVisible]);
  useEffect(() => () => workspace.close(), [workspace]);
  return (
    <WorkspaceProvider value={workspace}>
      <Shell />
    </WorkspaceProvider>
  );
}
