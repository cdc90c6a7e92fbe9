import { setTimeout as delay } from 'node:timers/promises';
import { doorOf, type FoundServer } from './found-server.ts';
import { MdnsLink } from './mdns-link.ts';
import { MDNS_SERVICES, type MdnsRecord, missingQuestions, serversIn } from './mdns-records.ts';
import { multicastAddresses } from './multicast-addresses.ts';

export interface MdnsBrowseOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** IPv4 addresses of the network interfaces; all but loopback when not given. */
  readonly addresses?: readonly string[] | undefined;
  /** 5353 but in tests. */
  readonly port?: number | undefined;
  /** Is told of each server when it is found. */
  readonly onFound?: ((server: FoundServer) => void) | undefined;
}

/** Records that are kept of one link; more than that is no network in which to look for a server. */
const MAX_RECORDS = 1000;
/** @see RFC 6762 §5.2: the second query comes a second after the first, each further one after twice the time. */
const FIRST_PAUSE_MS = 1000;

/**
 * Looks for servers on the links of this machine until it is told to stop.
 * @throws FindingError where there is no link to look on
 * @see XEP-0347 §3.3.2, RFC 6763 §4
 */
export async function browseMdns(options: MdnsBrowseOptions): Promise<readonly FoundServer[]> {
  const { signal, addresses = multicastAddresses(), port } = options;
  const links: MdnsLink[] = [];
  const found = new Map<string, FoundServer>();
  try {
    for (const address of addresses) links.push(await MdnsLink.open({ address, port }));
    await Promise.all(links.map((link) => browseLink(link, found, options)));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(links.map((link) => link.close()));
  }
  return [...found.values()];
}

async function browseLink(
  link: MdnsLink,
  found: Map<string, FoundServer>,
  { signal, onFound }: MdnsBrowseOptions,
): Promise<void> {
  const records = new Map<string, MdnsRecord>();
  const asked = new Set<string>();
  link.listen((message) => {
    if (!message.isResponse || signal.aborted) return;
    for (const record of message.records) remember(records, record);
    const known = [...records.values()];
    for (const server of serversIn(known)) {
      const key = doorOf(server);
      if (found.has(key)) continue;
      found.set(key, server);
      onFound?.(server);
    }
    const questions = missingQuestions(known).filter(({ name, type }) => !asked.has(`${type} ${name}`));
    for (const { name, type } of questions) asked.add(`${type} ${name}`);
    // What can't be sent now is asked for again with the next query.
    if (questions.length > 0) link.query(questions).catch(() => asked.clear());
  });
  const questions = Object.values(MDNS_SERVICES).map((name) => ({ name, type: 'PTR' }));
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs *= 2) {
    await link.query(questions);
    await delay(pauseMs, undefined, { signal });
    asked.clear();
  }
}

function remember(records: Map<string, MdnsRecord>, record: MdnsRecord): void {
  const shared = record.type === 'PTR' || record.type === 'A' || record.type === 'AAAA';
  const key = `${record.type} ${record.name.toLowerCase()} ${shared ? record.data : ''}`;
  if (record.ttl === 0) records.delete(key);
  else if (records.has(key) || records.size < MAX_RECORDS) records.set(key, record);
}
