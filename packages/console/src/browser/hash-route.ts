import { type ReadonlySignal, signal } from '@preact/signals';
import { formatRoute, parseRoute, type Route } from '../model/route.ts';

/** The page that the address names. */
export function watchRoute(): ReadonlySignal<Route> {
  const route = signal(parseRoute(location.hash));
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash);
  });
  return route;
}

/** Goes to a page. */
export function goTo(route: Route): void {
  location.hash = formatRoute(route);
}
