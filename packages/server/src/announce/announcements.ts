import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@thingward/xmpp';
import {
  FindingError,
  isNotAvailable,
  type MdnsService,
  type NetworkLink,
  networkLinks,
  ssdpAddresses,
  withoutZone,
} from '@thingward/xmpp/finding';
import type { ListenAddress } from '../listeners/listen.ts';
import type { AnnounceConfig } from './config.ts';
import { MdnsResponder } from './mdns-responder.ts';
import { SsdpResponder } from './ssdp-responder.ts';

export interface AnnouncementOptions {
  readonly config: AnnounceConfig;
  readonly domain: string;
  /** Where clients' doors are now. */
  readonly doors: () => {
    readonly starttls: ListenAddress | undefined;
    readonly direct: ListenAddress | undefined;
  };
  /** Addresses of the services that Things look for. */
  readonly services: { readonly registries: readonly string[]; readonly provisioningServers: readonly string[] };
  /** Of the software. */
  readonly version: string;
  /** Name of the device that the server is: `uuid:` and a UUID. */
  readonly udn: string;
  readonly log: Logger;
}

/** Networks come and go: a cable, a lease. */
const LOOK_EVERY_MS = 5000;
/** What could not be begun is tried again, at first so soon and later so seldom. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 60_000];
/** An address of IPv6 is tried out for a second or two before it can be used. @see RFC 4862 §5.4 */
const TRIED_OUT_MS = 3000;

/** What is told on one link. */
interface Announced {
  /** What is to be told may have changed. */
  refresh?(): Promise<void>;
  stop(): Promise<void>;
}

interface AnnouncedLink {
  readonly ending: AbortController;
  /** What has begun. */
  readonly announced: Set<Announced>;
  /** Ends when all has begun, or the link is gone. */
  readonly starting: Promise<unknown>;
}

/** Tells the links of this machine where the server is, for as long as it runs. @see XEP-0347 §3.3 */
export class Announcements {
  readonly #options: AnnouncementOptions;
  readonly #bootId = Math.floor(Date.now() / 1000) % 2 ** 31;
  readonly #stopping = new AbortController();
  /** By name and addresses: with others it is another link. */
  readonly #links = new Map<string, AnnouncedLink>();
  readonly #ended = new Set<Promise<void>>();
  readonly #watching: Promise<void>;

  /** Begins at once; the server does not wait for names to be found free. What goes wrong is logged. */
  constructor(options: AnnouncementOptions) {
    this.#options = options;
    const { mdns, ssdp, interfaces = [] } = options.config;
    this.#watching = mdns || ssdp ? this.#watch() : Promise.resolve();
    for (const chosen of mdns || ssdp ? interfaces : []) {
      if (networkLinks([chosen]).length === 0)
        options.log.warn({ interface: chosen }, 'there is no such network interface yet');
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
    for (const key of [...this.#links.keys()]) this.#leave(key);
    await Promise.all(this.#ended);
  }

  /** Announces on links that have come, and no more on those that are gone. */
  async #watch(): Promise<void> {
    const { config } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const wanted = new Map(networkLinks(config.interfaces).map((link) => [JSON.stringify(link), link]));
      for (const key of this.#links.keys()) if (!wanted.has(key)) this.#leave(key);
      for (const [key, link] of wanted) {
        const known = this.#links.get(key);
        if (known) void Promise.all([...known.announced].map((announced) => announced.refresh?.()));
        else this.#enter(key, link);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #enter(key: string, link: NetworkLink): void {
    const { config, log, doors } = this.#options;
    const { name } = link;
    if (reachableOn(link, doors()).doors.length === 0)
      log.warn({ interface: name }, 'no door for clients can be reached here');
    const ending = new AbortController();
    const announced = new Set<Announced>();
    const begin = async (start: () => Promise<Announced>) => {
      const begun = await this.#begun(name, start, ending.signal);
      if (begun) announced.add(begun);
    };
    const starting = Promise.all([
      ...(config.mdns ? [begin(() => this.#startMdns(link, ending.signal))] : []),
      ...(config.ssdp ? ssdpAddresses(link) : []).map((address) => begin(() => this.#startSsdp(address))),
    ]);
    this.#links.set(key, { ending, announced, starting });
  }

  #leave(key: string): void {
    const link = this.#links.get(key);
    if (!link) return;
    this.#links.delete(key);
    link.ending.abort();
    const ended = (async () => {
      await link.starting;
      for (const announced of link.announced) await announced.stop();
    })();
    this.#ended.add(ended);
    void ended.finally(() => this.#ended.delete(ended));
  }

  /** Tries until it can be done. @returns undefined when the link is gone */
  async #begun(name: string, start: () => Promise<Announced>, signal: AbortSignal): Promise<Announced | undefined> {
    const { log } = this.#options;
    const since = performance.now();
    let hasWarned = false;
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await start();
      } catch (error) {
        if (!(error instanceof FindingError)) throw error;
        const isTriedOut = isNotAvailable(error.cause) && performance.now() - since < TRIED_OUT_MS;
        if (!hasWarned && !isTriedOut) {
          log.warn({ interface: name, reason: error.message }, 'the server is not announced yet');
          hasWarned = true;
        }
      }
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    return undefined;
  }

  #startMdns(link: NetworkLink, signal: AbortSignal): Promise<Announced> {
    const { config, domain, log, doors } = this.#options;
    const machine = config.name ?? machineName();
    return MdnsResponder.start({ link, machine, domain, service: () => reachableOn(link, doors()), signal, log });
  }

  #startSsdp(address: string): Promise<Announced> {
    const { config, domain, log, doors, services, udn, version } = this.#options;
    return SsdpResponder.start({
      address,
      descriptionPort: config.descriptionPort,
      bootId: this.#bootId,
      describe: () => ({ udn, domain, version, doors: doorsAt(address, doors()), ...services }),
      log,
    });
  }
}

/** The doors that whoever is on the link of this address can reach. */
export function doorsAt(address: string, doors: ReturnType<AnnouncementOptions['doors']>): MdnsService['doors'] {
  const plain = withoutZone(address);
  return (['direct', 'starttls'] as const).flatMap((tls) => {
    const { host, port } = doors[tls] ?? {};
    if (host === undefined || port === undefined) return [];
    return host === plain || host === '::' || (host === '0.0.0.0' && isIPv4(plain)) ? [{ tls, port }] : [];
  });
}

/** Doors, and the addresses at which all of them can be reached: those of the first address at which there are any. */
export function reachableOn(
  { ipv4, ipv6 }: NetworkLink,
  doors: ReturnType<AnnouncementOptions['doors']>,
): Pick<MdnsService, 'doors' | 'addresses'> {
  const all = [...ipv4, ...ipv6].map((address) => ({ address, doors: doorsAt(address, doors) }));
  const reachable = all.find((each) => each.doors.length > 0)?.doors ?? [];
  const addresses = all.filter((each) => reachable.length > 0 && isDeepStrictEqual(each.doors, reachable));
  return { doors: reachable, addresses: addresses.map(({ address }) => withoutZone(address)) };
}

/** The machine's own name, as one label of DNS. */
function machineName(): string {
  const [label = ''] = hostname().split('.');
  return label.replaceAll(/[^a-z\d-]/gi, '').slice(0, 60) || 'thingward';
}
