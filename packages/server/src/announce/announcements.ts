import { hostname } from 'node:os';
import type { Logger } from '@thingward/xmpp';
import { FindingError, type MdnsService, multicastAddresses } from '@thingward/xmpp/finding';
import type { ListenAddress } from '../listeners/listen.ts';
import type { AnnounceConfig } from './config.ts';
import { MdnsResponder } from './mdns-responder.ts';

export interface AnnouncementOptions {
  readonly config: AnnounceConfig;
  readonly domain: string;
  /** Where clients' doors are now. */
  readonly doors: () => {
    readonly starttls: ListenAddress | undefined;
    readonly direct: ListenAddress | undefined;
  };
  readonly log: Logger;
}

/** Tells the links of this machine where the server is, for as long as it runs. @see XEP-0347 §3.3 */
export class Announcements {
  readonly #options: AnnouncementOptions;
  readonly #stopping = new AbortController();
  readonly #starting: Promise<MdnsResponder | undefined>[];

  /** Begins at once; the server does not wait for names to be found free. What goes wrong is logged. */
  constructor(options: AnnouncementOptions) {
    this.#options = options;
    const { config } = options;
    const addresses = config.mdns ? (config.interfaces ?? multicastAddresses()) : [];
    this.#starting = addresses.map((address) => this.#announce(address));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const responder of await Promise.all(this.#starting)) await responder?.stop();
  }

  async #announce(address: string): Promise<MdnsResponder | undefined> {
    const { config, domain, log, doors } = this.#options;
    const machine = config.name ?? machineName();
    if (doorsAt(address, doors()).length === 0) log.warn({ address }, 'no door for clients can be reached here');
    const { signal } = this.#stopping;
    try {
      return await MdnsResponder.start({
        address,
        machine,
        domain,
        doors: () => doorsAt(address, doors()),
        signal,
        log,
      });
    } catch (error) {
      if (!(error instanceof FindingError)) throw error;
      log.warn({ address, reason: error.message }, 'the server is not announced');
      return undefined;
    }
  }
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
