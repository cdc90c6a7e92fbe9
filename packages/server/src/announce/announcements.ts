import { hostname, networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@thingward/xmpp';
import { FindingError, type MdnsService, multicastAddresses } from '@thingward/xmpp/finding';
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
  /** The network interfaces there are now; for tests. */
  readonly addresses?: (chosen: readonly string[] | undefined) => readonly string[];
}

/** Networks come and go: a cable, a lease. */
const LOOK_EVERY_MS = 5000;

/** What is told on one link. */
interface Announced {
  stop(): Promise<void>;
}

/** Tells the links of this machine where the server is, for as long as it runs. @see XEP-0347 §3.3 */
export class Announcements {
  readonly #options: AnnouncementOptions;
  readonly #bootId = Math.floor(Date.now() / 1000) % 2 ** 31;
  readonly #stopping = new AbortController();
  readonly #links = new Map<
    string,
    { readonly ending: AbortController; readonly starting: Promise<readonly Announced[]> }
  >();
  readonly #ended = new Set<Promise<void>>();
  readonly #watching: Promise<void>;

  /** Begins at once; the server does not wait for names to be found free. What goes wrong is logged. */
  constructor(options: AnnouncementOptions) {
    this.#options = options;
    const { mdns, ssdp } = options.config;
    this.#watching = mdns || ssdp ? this.#watch() : Promise.resolve();
    for (const address of options.config.interfaces ?? []) {
      if (!this.#links.has(address)) options.log.warn({ address }, 'no network interface has this address yet');
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
    for (const address of [...this.#links.keys()]) this.#leave(address);
    await Promise.all(this.#ended);
  }

  /** Announces on links that have come, and no more on those that are gone. */
  async #watch(): Promise<void> {
    const { config, addresses = presentAddresses } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const wanted = addresses(config.interfaces);
      for (const address of this.#links.keys()) if (!wanted.includes(address)) this.#leave(address);
      for (const address of wanted) if (!this.#links.has(address)) this.#enter(address);
      await delay(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #enter(address: string): void {
    const { config, log, doors } = this.#options;
    if (doorsAt(address, doors()).length === 0) log.warn({ address }, 'no door for clients can be reached here');
    const ending = new AbortController();
    const starting = Promise.all([
      config.mdns ? this.#attempt(address, () => this.#startMdns(address, ending.signal)) : undefined,
      config.ssdp ? this.#attempt(address, () => this.#startSsdp(address)) : undefined,
    ]).then((all) => all.filter((announced) => announced !== undefined));
    this.#links.set(address, { ending, starting });
  }

  #leave(address: string): void {
    const link = this.#links.get(address);
    if (!link) return;
    this.#links.delete(address);
    link.ending.abort();
    const ended = (async () => {
      for (const announced of await link.starting) await announced.stop();
    })();
    this.#ended.add(ended);
    void ended.finally(() => this.#ended.delete(ended));
  }

  async #attempt(address: string, start: () => Promise<Announced>): Promise<Announced | undefined> {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof FindingError)) throw error;
      this.#options.log.warn({ address, reason: error.message }, 'the server is not announced');
      return undefined;
    }
  }

  #startMdns(address: string, signal: AbortSignal): Promise<Announced> {
    const { config, domain, log, doors } = this.#options;
    const machine = config.name ?? machineName();
    return MdnsResponder.start({ address, machine, domain, doors: () => doorsAt(address, doors()), signal, log });
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

/** The interfaces that are to be announced on and are there. */
function presentAddresses(chosen: readonly string[] | undefined): readonly string[] {
  if (!chosen) return multicastAddresses();
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
  return chosen.filter((address) => all.includes(address));
}

const EVERYWHERE = ['0.0.0.0', '::'];

/** The doors that whoever is on the link of this address can reach. */
export function doorsAt(address: string, doors: ReturnType<AnnouncementOptions['doors']>): MdnsService['doors'] {
  return (['direct', 'starttls'] as const).flatMap((tls) => {
    const { host, port } = doors[tls] ?? {};
    if (host === undefined || port === undefined) return [];
    return host === address || EVERYWHERE.includes(host) ? [{ tls, port }] : [];
  });
}

/** The machine's own name, as one label of DNS. */
function machineName(): string {
  const [label = ''] = hostname().split('.');
  return label.replaceAll(/[^a-z\d-]/gi, '').slice(0, 60) || 'thingward';
}
