import { setTimeout as delay } from 'node:timers/promises';
import { FindingError } from './finding-error.ts';
import { doorOf, type FoundServer } from './found-server.ts';
import { MdnsLink } from './mdns-link.ts';
import { isName, MDNS_SERVICES, type MdnsRecord, missingQuestions, serversIn } from './mdns-records.ts';
import { type NetworkLink, networkLinks } from './network-links.ts';

export interface MdnsBrowseOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Addresses or names of the network interfaces; all but loopback when not given. */
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

interface Remembered {
  readonly record: MdnsRecord;
  /** When it was heard, in ms. */
  readonly at: number;
}

/**
 * Looks for servers on the links of this machine, by IPv4 and IPv6, until it is told to stop.
 * @throws FindingError where there is no link to look on
 * @see XEP-0347 §3.3.2, RFC 6763 §4
 */
export async function browseMdns(options: MdnsBrowseOptions): Promise<readonly FoundServer[]> {
  const { signal, addresses, port } = options;
  const interfaces = addresses ? addresses.flatMap(interfaceOf) : networkLinks();
  const opened: MdnsLink[] = [];
  const found = new Map<string, FoundServer>();
  try {
    const browsing: Promise<void>[] = [];
    for (const each of interfaces) {
      const links = await MdnsLink.openAll(each, port);
      opened.push(...links);
      browsing.push(browseLinks(links, each.name, found, options));
    }
    await Promise.all(browsing);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(opened.map((link) => link.close()));
  }
  return [...found.values()];
}

function interfaceOf(address: string): readonly NetworkLink[] {
  const links = networkLinks([address]);
  if (links.length > 0) return links;
  throw new FindingError('unavailable', `mDNS on ${address}: there is no such network interface`);
}

/** @param links of one interface, one for IPv4 and one for IPv6 @param zone its name */
async function browseLinks(
  links: readonly MdnsLink[],
  zone: string,
  found: Map<string, FoundServer>,
  { signal, onFound }: MdnsBrowseOptions,
): Promise<void> {
  const records = new Map<string, Remembered>();
  const asked = new Set<string>();
  for (const link of links) {
    link.listen((message) => {
      if (!message.isResponse || signal.aborted) return;
      for (const record of message.records) remember(records, record);
      const known = [...records.values()].map(({ record }) => record);
      for (const server of serversIn(known, zone)) {
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
  }
  const questions = Object.values(MDNS_SERVICES).map((name) => ({ name, type: 'PTR' }));
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs *= 2) {
    const known = stillKnown(records, questions);
    await MdnsLink.sendAll(links, (link) => link.query(questions, { known }));
    await delay(pauseMs, undefined, { signal });
    asked.clear();
  }
}

/** What need not be told again: what was heard, and holds for more than half its life. @see RFC 6762 §7.1 */
function stillKnown(
  records: ReadonlyMap<string, Remembered>,
  questions: readonly { readonly name: string }[],
): readonly MdnsRecord[] {
  const now = performance.now();
  return [...records.values()].flatMap(({ record, at }) => {
    const ttl = Math.floor(record.ttl - (now - at) / 1000);
    const isAsked = record.type === 'PTR' && questions.some(({ name }) => isName(record, name));
    return isAsked && ttl * 2 > record.ttl ? [{ ...record, ttl }] : [];
  });
}

function remember(records: Map<string, Remembered>, record: MdnsRecord): void {
  const shared = record.type === 'PTR' || record.type === 'A' || record.type === 'AAAA';
  const key = `${record.type} ${record.name.toLowerCase()} ${shared ? record.data : ''}`;
  if (record.ttl === 0) records.delete(key);
  else if (records.has(key) || records.size < MAX_RECORDS) records.set(key, { record, at: performance.now() });
}
