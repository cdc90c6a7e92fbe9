import { isIPv6 } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { FindingError, isNotAvailable } from './finding-error.ts';
import { doorOf, type FoundServer } from './found-server.ts';
import { httpText } from './http-text.ts';
import { multicastAddresses } from './multicast-addresses.ts';
import { withoutZone } from './network-links.ts';
import { SsdpLink } from './ssdp-link.ts';
import { encodeSsdp, ssdpHost } from './ssdp-message.ts';
import { serversInDescription, UPNP_DEVICE_TYPE } from './upnp-description.ts';

export interface SsdpSearchOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Addresses of the network interfaces, those of IPv6 with their zones; those of IPv4 of all but loopback when not given. */
  readonly addresses?: readonly string[] | undefined;
  /** 1900 but in tests. */
  readonly port?: number | undefined;
  /** Reads a description; for tests. */
  readonly read?: typeof httpText | undefined;
  /** Is told of each server when it is found. */
  readonly onFound?: ((server: FoundServer) => void) | undefined;
}

/** Descriptions that are read on one link; whoever says there are more is up to something. */
const MAX_DESCRIPTIONS = 32;
const DESCRIPTION_TIMEOUT_MS = 3000;
const MAX_DESCRIPTION_BYTES = 65_536;
/** Seconds that those who answer may take. @see UPnP Device Architecture 2.0 §1.3.2 */
const MX = 1;
const FIRST_PAUSE_MS = 1000;
/** An address of IPv6 is tried out for a second or two before it can be used. @see RFC 4862 §5.4 */
const TRIED_OUT_PAUSE_MS = 200;

/**
 * Looks for servers on the links of this machine until it is told to stop.
 * @throws FindingError where there is no link to look on
 * @see XEP-0347 §3.3.3, UPnP Device Architecture 2.0 §1.3
 */
export async function searchSsdp(options: SsdpSearchOptions): Promise<readonly FoundServer[]> {
  const { addresses = multicastAddresses() } = options;
  const found = new Map<string, FoundServer>();
  const searches = await Promise.allSettled(addresses.map((address) => searchAt(address, found, options)));
  const failed = searches.filter((search) => search.status === 'rejected');
  // An interface may have addresses of a family, and no way to use them.
  if (failed.length > 0 && failed.length === searches.length) throw failed[0]?.reason;
  return [...found.values()];
}

async function searchAt(address: string, found: Map<string, FoundServer>, options: SsdpSearchOptions): Promise<void> {
  const link = await openAt(address, options);
  try {
    await searchLink(link, found, options);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    await link.close();
  }
}

async function openAt(address: string, { port, signal }: SsdpSearchOptions): Promise<SsdpLink> {
  for (;;) {
    try {
      return await SsdpLink.open({ address, port, isListening: false });
    } catch (error) {
      if (!isNotAvailable((error as Error).cause) || signal.aborted) throw error;
    }
    await delay(TRIED_OUT_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function searchLink(
  link: SsdpLink,
  found: Map<string, FoundServer>,
  { signal, port, read: readText = httpText, onFound }: SsdpSearchOptions,
): Promise<void> {
  const seen = new Set<string>();
  const readings = new Set<Promise<void>>();
  const read = async (location: URL, from: string) => {
    for (const server of await describedAt(location, from, { signal, readText })) {
      const key = doorOf(server);
      if (found.has(key)) continue;
      found.set(key, server);
      onFound?.(server);
    }
  };
  link.listen(({ kind, headers }, source) => {
    const location = headers.get('LOCATION') ?? '';
    if (kind !== 'response' || headers.get('ST') !== UPNP_DEVICE_TYPE || signal.aborted) return;
    if (seen.has(location) || seen.size >= MAX_DESCRIPTIONS || !URL.canParse(location)) return;
    seen.add(location);
    // What can't be read is asked for again with the next search.
    const reading = read(new URL(location), source.address).catch(() => void seen.delete(location));
    readings.add(reading);
    void reading.finally(() => readings.delete(reading));
  });
  const search = (group: string) =>
    encodeSsdp('search', {
      HOST: ssdpHost(group, port),
      MAN: '"ssdp:discover"',
      MX,
      ST: UPNP_DEVICE_TYPE,
      'USER-AGENT': 'UPnP/2.0 Thingward',
    });
  try {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs *= 2) {
      for (const group of link.groups) await link.send(search(group), group);
      await delay(pauseMs, undefined, { signal });
    }
  } finally {
    await Promise.all(readings);
  }
}

/**
 * Reads a description where it is said to be: at the machine that has said so, and nowhere else.
 * @throws FindingError
 */
async function describedAt(
  location: URL,
  from: string,
  { signal, readText }: { readonly signal: AbortSignal; readonly readText: typeof httpText },
): Promise<readonly FoundServer[]> {
  const plain = withoutZone(from);
  const host = isIPv6(plain) ? `[${plain}]` : plain;
  if (location.protocol !== 'http:' || location.hostname !== host || location.username !== '') {
    throw new FindingError('malformed', `SSDP: ${from} says that its description is at ${location.href}`);
  }
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(DESCRIPTION_TIMEOUT_MS)]);
    return serversInDescription(await readText(location, from, limit, MAX_DESCRIPTION_BYTES), from);
  } catch (error) {
    if (error instanceof FindingError) throw error;
    throw new FindingError('unavailable', `SSDP: ${location.href}: ${(error as Error).message}`, { cause: error });
  }
}
