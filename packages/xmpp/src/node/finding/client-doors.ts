import type { SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { asciiDomain } from '../../idna/domain-name.ts';
import { FindingError } from './finding-error.ts';
import type { FindingMethod, FoundServer } from './found-server.ts';
import { inSrvOrder } from './srv-order.ts';

/** What is asked of DNS. Errors have the codes of Node.js. */
export type SrvLookup = (name: string) => Promise<readonly Omit<SrvRecord, 'type'>[]>;

export interface ClientDoorsOptions {
  readonly lookUp?: SrvLookup;
  readonly random?: () => number;
  /** How the domain was found. */
  readonly method?: FindingMethod;
}

const PORT = 5222;
const MAX_DOORS = 16;
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME']);

/** Looks up by the name servers of this system, or by others. */
export function srvLookup(servers?: readonly string[]): SrvLookup {
  const resolver = new Resolver({ timeout: 3000, tries: 2 });
  if (servers) resolver.setServers(servers);
  return (name) => resolver.resolveSrv(name);
}

/**
 * Where clients of a domain are to connect, in the order in which it is to be tried: as DNS says; at the domain itself where DNS says nothing.
 * @returns nothing where the domain says that it has no server
 * @throws FindingError `unavailable` where DNS does not answer
 * @see RFC 6120 §3.2, RFC 2782, XEP-0368 §3
 */
export async function clientDoors(
  domain: string,
  { lookUp = srvLookup(), random = Math.random, method = 'dns' }: ClientDoorsOptions = {},
): Promise<readonly FoundServer[]> {
  const literal = domain.replace(/^\[(.*)\]$/, '$1');
  const door = (host: string, port: number, tls: FoundServer['tls']): FoundServer => ({
    method,
    domain,
    host,
    port,
    tls,
  });
  if (isIP(literal)) return [door(literal, PORT, 'starttls')];
  const ascii = asciiDomain(domain);
  const [direct, plain] = await Promise.all([
    records(lookUp, `_xmpps-client._tcp.${ascii}`),
    records(lookUp, `_xmpp-client._tcp.${ascii}`),
  ]);
  const all = [
    ...direct.records.map((record) => ({ ...record, tls: 'direct' as const })),
    ...plain.records.map((record) => ({ ...record, tls: 'starttls' as const })),
  ];
  const failure = direct.failure ?? plain.failure;
  // Of two services one is enough; but without an answer nobody knows whether the domain's own address is the right one.
  if (all.length === 0 && failure) throw failure;
  if (all.length === 0) return [door(ascii, PORT, 'starttls')];
  // A name of "." says that there is no such service (RFC 2782, XEP-0368 §5).
  const services = all.filter(({ name }) => name !== '' && name !== '.');
  return inSrvOrder(services, random)
    .slice(0, MAX_DOORS)
    .map(({ name, port, tls }) => door(name.toLowerCase(), port, tls));
}

/** What a look-up gives; `failure` where DNS did not answer, rather than said that there is nothing. */
async function records(lookUp: SrvLookup, name: string) {
  try {
    return { records: await lookUp(name) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && ABSENT.has(code)) return { records: [] };
    const why = `DNS says nothing about ${name}: ${code ?? message}`;
    return { records: [], failure: new FindingError('unavailable', why, { cause: error }) };
  }
}
