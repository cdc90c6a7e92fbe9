import { useApp, useWorkspace } from '../../app-context.ts';
import { AvailabilityDot } from '../../components/availability.tsx';
import { Icon, type IconName } from '../../components/icon.tsx';
import { formatRoute, type Route } from '../../model/route.ts';

const PAGES: readonly { readonly route: Route; readonly label: string; readonly icon: IconName }[] = [
  { route: { page: 'things' }, label: 'Things', icon: 'things' },
  { route: { page: 'network', path: [] }, label: 'Network', icon: 'network' },
  { route: { page: 'claim' }, label: 'Claim', icon: 'claim' },
  { route: { page: 'search' }, label: 'Search', icon: 'search' },
  { route: { page: 'access' }, label: 'Access', icon: 'access' },
  { route: { page: 'events' }, label: 'Events', icon: 'events' },
];

export function Navigation() {
  const current = useApp().route.value;
  return (
    <nav class="navigation" aria-label="Main">
      <ul class="navigation-pages">
        {PAGES.map(({ route, label, icon }) => {
          const isCurrent = current.page === route.page;
          const isWithin = isCurrent || (route.page === 'things' && current.page === 'thing');
          return (
            <li key={label}>
              <a
                class={isWithin ? 'navigation-link is-within' : 'navigation-link'}
                href={formatRoute(route)}
                aria-current={isCurrent ? 'page' : undefined}
              >
                <Icon name={icon} />
                {label}
                {route.page === 'access' && <WaitingCount />}
              </a>
              {route.page === 'things' && <ThingLinks />}
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** How many wait for a decision. */
function WaitingCount() {
  const { questions } = useWorkspace().access;
  const count = questions.value.length;
  if (count === 0) return null;
  return (
    <span class="navigation-count">
      {count}
      <span class="visually-hidden"> waiting</span>
    </span>
  );
}

/** The Things themselves, where there is room. */
function ThingLinks() {
  const current = useApp().route.value;
  const entries = useWorkspace().directory.entries.value ?? [];
  const things = entries.filter(({ kind }) => kind !== 'other');
  return (
    <ul class="navigation-things">
      {things.map(({ jid, name, availability }) => {
        const bare = jid.toString();
        const isCurrent = current.page === 'thing' && current.jid === bare;
        return (
          <li key={bare}>
            <a
              class="navigation-thing"
              href={formatRoute({ page: 'thing', jid: bare })}
              aria-current={isCurrent ? 'page' : undefined}
              title={bare}
            >
              <AvailabilityDot of={availability} />
              <span>{name}</span>
            </a>
          </li>
        );
      })}
    </ul>
  );
}
