import { isIP } from 'node:net';

/** Is it the address of a PostgreSQL database, as `storage` in the configuration has it? */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text);
}

/** The address without what must not be shown. */
export function shownPostgresUrl(text: string): string {
  const url = parsed(text);
  if (!url) return 'postgres://';
  return `postgres://${url.username ? `${url.username}@` : ''}${url.host}${url.pathname}`;
}

/** What is wrong with the address; undefined: nothing. */
export function postgresUrlProblem(text: string): string | undefined {
  const url = parsed(text);
  if (!url) return 'expected postgres://user@host/database';
  if (url.pathname.length < 2) return 'the name of the database is missing: postgres://user@host/database';
  return undefined;
}

/** Over a network, what is not said to go in plain text goes encrypted, to a server that proves who it is. */
export function needsTls(address: string): boolean {
  const url = parsed(address);
  if (!url || url.searchParams.has('sslmode')) return false;
  // As the driver does: what the query says goes before.
  const host = url.searchParams.get('host') ?? url.hostname.replace(/^\[|\]$/g, '');
  if (host === '' || host === 'localhost' || host.startsWith('/')) return false;
  return !(isIP(host) && (host.startsWith('127.') || host === '::1'));
}

function parsed(text: string): URL | undefined {
  try {
    // No host means a Unix socket, or one in the query: URLs have no word for a user without a host.
    return new URL(text.replace(/^([^/]+:\/\/[^/@]*@)(?=\/)/, '$1localhost'));
  } catch {
    return undefined;
  }
}
