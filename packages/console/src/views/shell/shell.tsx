import { useLayoutEffect, useRef } from 'preact/hooks';
import { useApp } from '../../app-context.ts';
import type { Route } from '../../model/route.ts';
import { AccessPage } from '../access/access-page.tsx';
import { ClaimPage } from '../claim/claim-page.tsx';
import { EventsPage } from '../events/events-page.tsx';
import { LazyNetworkPage } from '../network/lazy-network-page.tsx';
import { SearchPage } from '../search/search-page.tsx';
import { ThingPage } from '../thing/thing-page.tsx';
import { ThingsPage } from '../things/things-page.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { Navigation } from './navigation.tsx';
import { StatusBar } from './status-bar.tsx';
import { TopBar } from './top-bar.tsx';

/** What surrounds every page. */
export function Shell() {
  const { route } = useApp();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const page = route.value;
  const key = page.page === 'thing' ? page.jid : page.page;

  // Who listens, or uses the keyboard, is taken to the new page, as if it had been loaded.
  useLayoutEffect(() => {
    document.title = `${titleOf(page)} · Thingward`;
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
    scrollTo(0, 0);
  }, [key]);

  return (
    <div class="shell">
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <TopBar />
      <Navigation />
      <div class="content">
        <ConnectionBanner />
        <main id="main" class="page" ref={main} tabIndex={-1}>
          <Page route={page} />
        </main>
      </div>
      <StatusBar />
    </div>
  );
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case 'things':
      return <ThingsPage />;
    case 'thing':
      return <ThingPage key={route.jid} jid={route.jid} />;
    case 'network':
      return <LazyNetworkPage path={route.path} />;
    case 'claim':
      return <ClaimPage />;
    case 'search':
      return <SearchPage />;
    case 'access':
      return <AccessPage />;
    case 'events':
      return <EventsPage />;
  }
}

function titleOf(route: Route): string {
  switch (route.page) {
    case 'things':
      return 'Things';
    case 'thing':
      return route.jid;
    case 'network':
      return 'Network';
    case 'claim':
      return 'Claim a Thing';
    case 'search':
      return 'Search the registry';
    case 'access':
      return 'Access';
    case 'events':
      return 'Events';
  }
}
