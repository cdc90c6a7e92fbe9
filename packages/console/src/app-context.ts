import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { JidMemory } from './model/jid-memory.ts';
import type { Route } from './model/route.ts';
import type { Session } from './model/session.ts';
import type { Workspace } from './model/workspace.ts';

/** What all parts of the console share. */
export interface AppContext {
  readonly session: Session;
  readonly memory: JidMemory;
  readonly route: ReadonlySignal<Route>;
  readonly now: ReadonlySignal<Date>;
  readonly isVisible: ReadonlySignal<boolean>;
  readonly colorScheme: ReadonlySignal<'light' | 'dark'>;
}

const App = createContext<AppContext | undefined>(undefined);
const SignedIn = createContext<Workspace | undefined>(undefined);

export const AppProvider = App.Provider;
export const WorkspaceProvider = SignedIn.Provider;

export function useApp(): AppContext {
  return given(useContext(App));
}

/** Only within what is shown to who is signed in. */
export function useWorkspace(): Workspace {
  return given(useContext(SignedIn));
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('used outside of its provider');
  return value;
}
