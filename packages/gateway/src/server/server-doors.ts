import type { Logger } from '@thingward/xmpp';
import { clientDoors, FindingError, type FoundServer, findServers } from '@thingward/xmpp/finding';
import type { FindConfig } from './find-config.ts';

/** A way into a server. */
export type Door = Pick<FoundServer, 'host' | 'port' | 'domain'> & { readonly tls: 'direct' | 'starttls' | 'none' };

export interface ServerDoorsOptions {
  readonly domain: string;
  /** The one the configuration names; undefined: they are looked up or looked for. */
  readonly fixed?: Door | undefined;
  /** Looks on the network, too; undefined: only DNS is asked. */
  readonly find?: FindConfig | undefined;
  readonly log: Logger;
  /** For tests. */
  readonly findServers?: typeof findServers | undefined;
}

/** What was found is used for so long: accounts that connect at the same time look once. */
const KEPT_MS = 30_000;

/** Where a gateway's server can be reached, in the order in which its doors are to be tried. @see XEP-0347 §3.3, RFC 6120 §3.2 */
export class ServerDoors {
  readonly #options: ServerDoorsOptions;
  #found: { readonly doors: Promise<readonly Door[]>; readonly at: number } | undefined;

  constructor(options: ServerDoorsOptions) {
    this.#options = options;
  }

  /** Empty where nothing was found. */
  async all(now = performance.now()): Promise<readonly Door[]> {
    const { fixed } = this.#options;
    if (fixed) return [fixed];
    if (!this.#found || now - this.#found.at > KEPT_MS) this.#found = { doors: this.#look(), at: now };
    const doors = await this.#found.doors;
    // What was not found is looked for anew the next time.
    if (doors.length === 0) this.#found = undefined;
    return doors;
  }

  /** They were of no use: the next time they are looked for anew. */
  forget(): void {
    this.#found = undefined;
  }

  async #look(): Promise<readonly Door[]> {
    const { domain, find, log, findServers: look = findServers } = this.#options;
    if (!find) return this.#lookUp();
    const { servers, failures } = await look({
      signal: AbortSignal.timeout(find.seconds * 1000),
      domain,
      addresses: find.interfaces,
      dhcpOption: find.dhcpOption,
    });
    for (const { method, error } of failures)
      log.debug({ method, reason: error.message }, 'a way of finding is closed');
    const doors = servers.filter((server) => server.domain.toLowerCase() === domain);
    const others = [...new Set(servers.map((server) => server.domain))].filter(
      (other) => other.toLowerCase() !== domain,
    );
    log.info({ doors: doors.map(doorText), others }, 'the server was looked for');
    return doors;
  }

  /** Where DNS does not answer, the name may still be known to this machine. */
  async #lookUp(): Promise<readonly Door[]> {
    const { domain, log } = this.#options;
    try {
      return await clientDoors(domain);
    } catch (error) {
      if (!(error instanceof FindingError)) throw error;
      log.debug({ reason: error.message }, 'DNS was not asked for the doors');
      return [{ domain, host: domain, port: 5222, tls: 'starttls' }];
    }
  }
}

export function doorText({ host, port, tls }: Door): string {
  return `${host}:${port} (${tls})`;
}
