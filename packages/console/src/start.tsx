import { render } from 'preact';
import { App } from './app.tsx';
import { AppProvider } from './app-context.ts';
import { startClock } from './browser/clock.ts';
import { watchColorScheme } from './browser/color-scheme.ts';
import { watchRoute } from './browser/hash-route.ts';
import { watchVisibility } from './browser/visibility.ts';
import type { Connect } from './model/connection.ts';
import { storedJidMemory } from './model/jid-memory.ts';
import { Session } from './model/session.ts';
import './styles/index.css';

/** Puts the console on the page. */
export function startConsole(connect: Connect): void {
  const root = document.getElementById('app');
  if (!root) throw new Error('the page has no element #app');
  const memory = storedJidMemory(localStorageIfAllowed());
  const app = {
    session: new Session(connect, memory),
    memory,
    route: watchRoute(),
    now: startClock(),
    isVisible: watchVisibility(),
    colorScheme: watchColorScheme(),
  };
  render(
    <AppProvider value={app}>
      <App />
    </AppProvider>,
    root,
  );
}

/** Merely naming it throws where the browser blocks it. */
function localStorageIfAllowed(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
