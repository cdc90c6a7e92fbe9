/** A page of the console. */
export type Route =
  | { readonly page: 'things' }
  /** Bare JID. */
  | { readonly page: 'thing'; readonly jid: string }
  | { readonly page: 'claim' }
  | { readonly page: 'search' }
  | { readonly page: 'access' }
  | { readonly page: 'events' };

/** The page that the fragment of the address names; the Things for all that names none. */
export function parseRoute(hash: string): Route {
  const [page, argument] = hash.replace(/^#?\/?/, '').split('/');
  if (page === 'claim' || page === 'search' || page === 'access' || page === 'events') return { page };
  const jid = decode(argument);
  if (page === 'things' && jid) return { page: 'thing', jid };
  return { page: 'things' };
}

export function formatRoute(route: Route): string {
  return route.page === 'thing' ? `#/things/${encodeURIComponent(route.jid)}` : `#/${route.page}`;
}

function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
