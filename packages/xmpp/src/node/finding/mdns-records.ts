import { isIPv4, isIPv6 } from 'node:net';
import type { FoundServer } from './found-server.ts';
import { isLinkLocal } from './network-links.ts';

/** Service types of doors for clients. @see RFC 6120 §14.4, XEP-0368 §6 */
export const MDNS_SERVICES = {
  starttls: '_xmpp-client._tcp.local',
  direct: '_xmpps-client._tcp.local',
} as const;

interface RecordHead {
  /** Without a dot at its end. */
  readonly name: string;
  /** In seconds; 0 says goodbye. */
  readonly ttl: number;
  /** The one who sends it knows all there is of this name and type. @see RFC 6762 §10.2 */
  readonly flush: boolean;
}

/** A resource record, of the types that DNS-SD needs. */
export type MdnsRecord = RecordHead &
  (
    | { readonly type: 'PTR' | 'A' | 'AAAA'; readonly data: string }
    | { readonly type: 'SRV'; readonly data: ServiceLocation }
    | { readonly type: 'TXT'; readonly data: readonly string[] }
  );

interface ServiceLocation {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** Who is announced, on one network interface. */
export interface MdnsService {
  /** Name of the machine: one label. */
  readonly machine: string;
  readonly domain: string;
  readonly addresses: readonly string[];
  readonly doors: readonly { readonly tls: 'direct' | 'starttls'; readonly port: number }[];
}

/** Lives of records. @see RFC 6762 §10 */
const HOST_TTL_SECONDS = 120;
const OTHER_TTL_SECONDS = 4500;

/** Lists the types of services there are. @see RFC 6763 §9 */
export const SERVICE_TYPES = '_services._dns-sd._udp.local';

/** All records of a server. @see XEP-0347 §3.3.2.1, RFC 6763 §4, §6 */
export function mdnsRecords({ machine, domain, addresses, doors }: MdnsService): readonly MdnsRecord[] {
  const target = `${machine}.local`;
  const services = doors.flatMap(({ tls, port }): MdnsRecord[] => {
    const type = MDNS_SERVICES[tls];
    const name = `${machine}.${type}`;
    const shared = { ttl: OTHER_TTL_SECONDS, flush: false };
    return [
      { name: SERVICE_TYPES, type: 'PTR', data: type, ...shared },
      { name: type, type: 'PTR', data: name, ...shared },
      { name, type: 'SRV', data: { priority: 0, weight: 0, port, target }, ttl: HOST_TTL_SECONDS, flush: true },
      { name, type: 'TXT', data: ['txtvers=1', `ordom=${domain}`], ttl: OTHER_TTL_SECONDS, flush: true },
    ];
  });
  const hosts = addresses.map(
    (address): MdnsRecord => ({
      name: target,
      type: isIPv6(address) ? 'AAAA' : 'A',
      data: address,
      ttl: HOST_TTL_SECONDS,
      flush: true,
    }),
  );
  return [...services, ...hosts];
}

/**
 * The servers that records tell of. Those of which something is missing yet are left out.
 * @param zone name of the interface they came by: addresses of the link alone need it
 */
export function serversIn(records: readonly MdnsRecord[], zone?: string): readonly FoundServer[] {
  return (['direct', 'starttls'] as const).flatMap((tls) =>
    instancesOf(records, tls).flatMap((name): FoundServer[] => {
      const location = records.find((record) => record.type === 'SRV' && isName(record, name));
      if (location?.type !== 'SRV') return [];
      const { target, port } = location.data;
      const host = addressOf(records, target, zone);
      const text = records.find((record) => record.type === 'TXT' && isName(record, name));
      if (host === undefined || text?.type !== 'TXT') return [];
      const keys = keysOf(text.data);
      const domain = keys.get('ordom') ?? target;
      return [{ method: 'mdns', domain, host, port, tls, ...servicesOf(keys, domain) }];
    }),
  );
}

/** What is still to be asked before all instances are known. */
export function missingQuestions(
  records: readonly MdnsRecord[],
): readonly { readonly name: string; readonly type: 'SRV' | 'TXT' | 'A' | 'AAAA' }[] {
  const instances = [...instancesOf(records, 'direct'), ...instancesOf(records, 'starttls')];
  return instances.flatMap((name) => {
    const location = records.find((record) => record.type === 'SRV' && isName(record, name));
    const hasText = records.some((record) => record.type === 'TXT' && isName(record, name));
    const target = location?.type === 'SRV' ? location.data.target : undefined;
    return [
      ...(location ? [] : [{ name, type: 'SRV' as const }]),
      ...(hasText ? [] : [{ name, type: 'TXT' as const }]),
      ...(target !== undefined && addressOf(records, target, 'any') === undefined
        ? [
            { name: target, type: 'A' as const },
            { name: target, type: 'AAAA' as const },
          ]
        : []),
    ];
  });
}

/** Compares names as DNS does. */
export function isName({ name }: { readonly name: string }, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}

function instancesOf(records: readonly MdnsRecord[], tls: 'direct' | 'starttls'): readonly string[] {
  const names = records.flatMap((record) =>
    record.type === 'PTR' && isName(record, MDNS_SERVICES[tls]) ? [record.data] : [],
  );
  return [...new Set(names)].sort();
}

/** IPv4 first. An IPv6 address of the link alone comes last, and is of no use without the interface. */
function addressOf(records: readonly MdnsRecord[], target: string, zone: string | undefined): string | undefined {
  const of = (type: 'A' | 'AAAA') =>
    records.flatMap((record) => (record.type === type && isName(record, target) ? [record.data as string] : []));
  const ipv6 = of('AAAA').filter((address) => isIPv6(address));
  const onLink = zone === undefined ? undefined : ipv6.find(isLinkLocal);
  return of('A').find(isIPv4) ?? ipv6.find((address) => !isLinkLocal(address)) ?? (onLink && `${onLink}%${zone}`);
}

/** The first of each key counts, whatever its case. @see RFC 6763 §6.4 */
function keysOf(strings: readonly string[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const text of strings) {
    const equals = text.indexOf('=');
    const key = text.slice(0, equals).toLowerCase();
    if (equals > 0 && equals < text.length - 1 && !keys.has(key)) keys.set(key, text.slice(equals + 1));
  }
  return keys;
}

function servicesOf(keys: ReadonlyMap<string, string>, domain: string) {
  const registries = jids(keys.get('regis'), domain);
  const provisioningServers = jids(keys.get('provis'), domain);
  return { ...(registries && { registries }), ...(provisioningServers && { provisioningServers }) };
}

/** Localparts of the domain, or whole JIDs. @see XEP-0347 §3.3.2.2 */
function jids(list: string | undefined, domain: string): readonly string[] | undefined {
  const words = list?.split(/ +/).filter((word) => word !== '');
  return words?.map((word) => (/[@.]/.test(word) ? word : `${word}@${domain}`));
}
