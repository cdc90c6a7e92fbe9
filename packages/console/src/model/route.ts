/** A page of the console. */
export type Route =
  | { readonly page: 'things' }
  /** Bare JID. */
  | { readonly page: 'thing'; readonly jid: string }
  | { readonly page: 'claim' }
  | { readonly page: 'search' }
  | { readonly page: 'access' }
  | { readonly page: 'events' }
  /** What is selected: ids from the NCAP down; empty: nothing is. */
  | { readonly page: 'network'; readonly path: readonly string[] };

/** The page that the fragment of the address names; the Things for all that names none. */
export function parseRoute(hash: string): Route {
  const [page, argument, ...more] = hash.replace(/^#?\/?/, '').split('/');
  if (page === 'claim' || page === 'search' || page === 'access' || page === 'events') return { page };
  if (page === 'network') return { page, path: [argument, ...more].flatMap((part) => decode(part) || []) };
  const jid = decode(argument);
  if (page === 'things' && jid) return { page: 'thing', jid };
  return { page: 'things' };
}

export function formatRoute(route: Route): string {
  if (route.page === 'thing') return `#/things/${encodeURIComponent(route.jid)}`;
  const path = route.page === 'network' ? route.path : [];
  return `#/${[route.page, ...path.map(encodeURIComponent)].join('/')}`;
}

function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
