import type { LookupAddress, SrvRecord } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { StanzaError } from '@thingward/xmpp';
import { inSrvOrder } from '@thingward/xmpp/finding';
import { TimedCache } from './timed-cache.ts';

/** Where a domain's server may be reached. */
export interface Target {
  /** Host name in ASCII, or IP address. */
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. @see XEP-0368 */
  readonly direct: boolean;
}

export interface TimedAddress {
  readonly address: string;
  /** How long it holds, in seconds. */
  readonly ttl: number;
}

/** The look-ups that are needed. Errors have the codes of Node.js. */
export interface DnsLookups {
  srv(name: string): Promise<readonly Omit<SrvRecord, 'type'>[]>;
  ipv4(host: string): Promise<readonly TimedAddress[]>;
  ipv6(host: string): Promise<readonly TimedAddress[]>;
  /** As other programs on this machine see it (hosts file). */
  system(host: string): Promise<readonly LookupAddress[]>;
}

const PORT = 5269;
const MAX_TARGETS = 16;
const MAX_ADDRESSES = 16;
/** Node.js does not tell how long SRV records hold. */
const SRV_TTL_SECONDS = 60;
const MAX_TTL_SECONDS = 3600;
const MAX_CACHED = 5000;
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME', 'EAI_NONAME', 'EAI_NODATA', 'EAI_ADDRFAMILY']);

/** Looks up by DNS. @param servers addresses of name servers; those of the system when undefined */
export function dnsLookups(servers?: readonly string[]): DnsLookups {
  const resolver = new Resolver({ timeout: 3000, tries: 2 });
  if (servers) resolver.setServers(servers);
  return {
    srv: (name) => resolver.resolveSrv(name),
    ipv4: (host) => resolver.resolve4(host, { ttl: true }),
    ipv6: (host) => resolver.resolve6(host, { ttl: true }),
    system: (host) => lookup(host, { all: true }),
  };
}

/** Finds where a domain's server is. @see RFC 6120 §3.2, RFC 2782, XEP-0368 §3 */
export class ServerResolver {
  readonly #dns: DnsLookups;
  #hosts: ReadonlyMap<string, Target>;
  readonly #random: () => number;
  readonly #srv: TimedCache<readonly Target[]>;
  readonly #addresses: TimedCache<readonly string[]>;

  /** @param hosts where domains are, whatever DNS says */
  constructor(
    dns: DnsLookups,
    hosts: ReadonlyMap<string, Target> = new Map(),
    options: { readonly random?: () => number; readonly now?: () => number } = {},
  ) {
    this.#dns = dns;
    this.#hosts = hosts;
    this.#random = options.random ?? Math.random;
    this.#srv = new TimedCache(MAX_CACHED, options.now);
    this.#addresses = new TimedCache(MAX_CACHED, options.now);
  }

  /** @param hosts where domains are from now on, whatever DNS says */
  useHosts(hosts: ReadonlyMap<string, Target>): void {
    this.#hosts = hosts;
  }

  /**
   * @returns targets in the order in which they are to be tried
   * @throws StanzaError `remote-server-not-found` where there is none, `remote-server-timeout` where DNS does not answer
   */
  async targets(domain: string): Promise<readonly Target[]> {
    const known = this.#hosts.get(domain);
    if (known) return [known];
    const ascii = domainToASCII(domain);
    if (ascii === '') throw new StanzaError('remote-server-not-found', `${domain} is no name of a server`);
    const literal = ascii.replace(/^\[(.*)\]$/, '$1');
    if (isIP(literal)) return [{ host: literal, port: PORT, direct: false }];
    const cached = this.#srv.get(ascii);
    if (cached) return cached;
    return this.#lookUp(ascii);
  }

  /**
   * The addresses of a target, IPv6 and IPv4 in turn.
   * @throws StanzaError
   * @see RFC 8305 §4
   */
  async addresses({ host }: Target): Promise<readonly string[]> {
    if (isIP(host)) return [host];
    const cached = this.#addresses.get(host);
    if (cached) return cached;
    const [v6, v4] = await Promise.all([optional(this.#dns.ipv6(host)), optional(this.#dns.ipv4(host))]);
    const found = [...v6.records, ...v4.records];
    if (found.length === 0) return this.#systemAddresses(host, v6.failure ?? v4.failure);
    const addresses = inTurn(
      v6.records.map(({ address }) => address),
      v4.records.map(({ address }) => address),
    );
    this.#addresses.set(host, addresses, Math.min(MAX_TTL_SECONDS, ...found.map(({ ttl }) => Math.max(1, ttl))));
    return addresses;
  }

  async #systemAddresses(host: string, failure: string | undefined): Promise<readonly string[]> {
    const { records } = await optional(this.#dns.system(host));
    const of = (family: number) => records.filter((record) => record.family === family).map(({ address }) => address);
    if (records.length > 0) return inTurn(of(6), of(4));
    if (failure === undefined) throw new StanzaError('remote-server-not-found', `${host} has no address`);
    throw new StanzaError('remote-server-timeout', `DNS says nothing about ${host}: ${failure}`);
  }

  async #lookUp(domain: string): Promise<readonly Target[]> {
    const [direct, plain] = await Promise.all([
      optional(this.#dns.srv(`_xmpps-server._tcp.${domain}`)),
      optional(this.#dns.srv(`_xmpp-server._tcp.${domain}`)),
    ]);
    const records = [
      ...direct.records.map((record) => ({ ...record, direct: true })),
      ...plain.records.map((record) => ({ ...record, direct: false })),
    ];
    // A name of "." says that there is no such service; then there is no other way either (RFC 2782, XEP-0368 §5).
    const services = records.filter(({ name }) => name !== '' && name !== '.');
    if (services.length > 0) {
      const ordered = inSrvOrder(services, this.#random).slice(0, MAX_TARGETS);
      const targets = ordered.map((record) => ({
        host: record.name.toLowerCase(),
        port: record.port,
        direct: record.direct,
      }));
      this.#srv.set(domain, targets, SRV_TTL_SECONDS);
      return targets;
    }
    if (records.length > 0) {
      throw new StanzaError('remote-server-not-found', `${domain} says that it has no server`);
    }
    return [{ host: domain, port: PORT, direct: false }];
  }
}

function inTurn(first: readonly string[], second: readonly string[]): readonly string[] {
  const result: string[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    const [a, b] = [first[i], second[i]];
    if (a !== undefined) result.push(a);
    if (b !== undefined) result.push(b);
  }
  return result.slice(0, MAX_ADDRESSES);
}

/** What a look-up gives; `failure` where DNS did not answer, rather than said that there is nothing. */
async function optional<T>(lookUp: Promise<readonly T[]>): Promise<{ records: readonly T[]; failure?: string }> {
  try {
    return { records: await lookUp };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code !== undefined && ABSENT.has(code) ? { records: [] } : { records: [], failure: code ?? message };
  }
}
