import { clientDoors, type SrvLookup } from './client-doors.ts';
import { askDhcp } from './dhcp-inform.ts';
import { serversInLeases } from './dhcp-leases.ts';
import { FindingError } from './finding-error.ts';
import { type FindingMethod, type FoundServer, inOrderOfPreference } from './found-server.ts';
import { browseMdns } from './mdns-browse.ts';
import { networkLinks, ssdpAddresses } from './network-links.ts';
import { searchSsdp } from './ssdp-search.ts';

export interface FindServersOptions {
  /** How long to look. */
  readonly signal: AbortSignal;
  /** A domain that is known: DNS is asked for its doors. */
  readonly domain?: string | undefined;
  /** Addresses or names of the network interfaces; all but loopback when not given. DHCP is for IPv4 alone. */
  readonly addresses?: readonly string[] | undefined;
  /** Code of the option of DHCP; 224 when not given. */
  readonly dhcpOption?: number | undefined;
  readonly lookUp?: SrvLookup | undefined;
}

export interface FindingFailure {
  readonly method: FindingMethod;
  readonly error: FindingError;
}

/** What was found, the best first, and which methods could not be used. */
export interface Finding {
  readonly servers: readonly FoundServer[];
  readonly failures: readonly FindingFailure[];
}

/** Looks for servers by every method at once. @see XEP-0347 §3.3 */
export async function findServers(options: FindServersOptions): Promise<Finding> {
  const { signal, domain, dhcpOption, lookUp } = options;
  const interfaces = options.addresses ?? networkLinks().map(({ name }) => name);
  const links = networkLinks(interfaces);
  const addresses = links.flatMap(({ ipv4: [first] }) => first ?? []);
  const failures: FindingFailure[] = [];
  const attempt = async <T>(method: FindingMethod, look: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof FindingError)) throw error;
      failures.push({ method, error });
      return [];
    }
  };
  const doors = (of: string, method: FindingMethod) =>
    attempt(method, () => clientDoors(of, { method, ...(lookUp && { lookUp }) }));
  const byDhcp = async () => {
    const asked = addresses.map((address) =>
      attempt('dhcp', async () => {
        const name = await askDhcp({ signal, address, option: dhcpOption });
        return name === undefined ? [] : [name];
      }),
    );
    const names = [...(await Promise.all(asked)), await serversInLeases(dhcpOption)].flat();
    return (await Promise.all([...new Set(names)].map((name) => doors(name, 'dhcp')))).flat();
  };
  const found = await Promise.all([
    byDhcp(),
    domain === undefined ? [] : doors(domain, 'dns'),
    ...interfaces.map((each) => attempt('mdns', () => browseMdns({ signal, addresses: [each] }))),
    ...links
      .flatMap(ssdpAddresses)
      .map((address) => attempt('ssdp', () => searchSsdp({ signal, addresses: [address] }))),
  ]);
  return { servers: inOrderOfPreference(found.flat()), failures };
}
