import { Jid, type Logger, StanzaError, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { findProvisioningServer, noProvisioningServer } from './find-provisioning-server.ts';

/** After one search found nothing, others wait so long. */
const SEARCH_AGAIN_MS = 60_000;
/** Clients of one provisioning server that is an account. */
const MAX_RESOURCES = 10;

export interface ServerAddressOptions {
  readonly peer: XmppPeer;
  /** Bare JID; `find`: the one that goes with the server the peer is connected to. */
  readonly server: Jid | 'find';
  /** May be the one that is looked for. */
  readonly registry?: Jid | undefined;
  /** What was found before: trust once given stays where it is. */
  readonly known?: Jid | undefined;
  readonly onFound: (server: Jid) => void;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * Where the provisioning server is. A component is spoken to at once; one that is an account only at a resource whose presence it has
 * shown to its friends.
 * @see XEP-0324 §5.1
 */
export class ServerAddress {
  readonly #options: ServerAddressOptions;
  /** Full JIDs that are available, those seen last at the end. */
  readonly #available = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #server: Jid | undefined;
  #search: Promise<Jid | undefined> | undefined;
  #searchedAt = Number.NEGATIVE_INFINITY;
  #isAbsent = false;

  constructor(options: ServerAddressOptions) {
    this.#options = options;
    this.#server = options.server === 'find' ? options.known?.bare : options.server.bare;
  }

  /** Bare JID; undefined while it has not been found. */
  get server(): Jid | undefined {
    return this.#server;
  }

  /** Has the server it is looked for at said, when it was asked last, that there is none? Not so where it could not be asked. */
  get isAbsent(): boolean {
    return this.#server === undefined && this.#isAbsent;
  }

  is(jid: Jid): boolean {
    return this.#server?.equals(jid.bare) ?? false;
  }

  /** Begins to follow its presence. */
  follow(): readonly Unsubscribe[] {
    const { peer } = this.#options;
    return [
      peer.onPresence(({ from, type }) => {
        if (!from.isFull || from.local === undefined || !this.is(from)) return;
        this.#available.delete(from.toString());
        if (type !== undefined) return;
        this.#available.add(from.toString());
        for (const oldest of this.#available) {
          if (this.#available.size <= MAX_RESOURCES) break;
          this.#available.delete(oldest);
        }
        for (const wake of [...this.#waiting]) wake();
      }),
      peer.onOnline((isResumed) => {
        if (!isResumed) this.#available.clear();
      }),
    ];
  }

  /** Looks for it where it has not been found, unless that was done a moment ago. @throws StanzaError, PeerError */
  async find(): Promise<Jid> {
    if (this.#server) return this.#server;
    const { peer, registry, now, onFound, log } = this.#options;
    if (this.#search === undefined) {
      if (now() - this.#searchedAt < SEARCH_AGAIN_MS) throw noProvisioningServer(peer);
      this.#search = findProvisioningServer(peer, { registry });
    }
    const search = this.#search;
    try {
      const found = await search;
      this.#searchedAt = now();
      this.#isAbsent = found === undefined;
      if (found === undefined) throw noProvisioningServer(peer);
      if (this.#server === undefined) {
        this.#server = found.bare;
        log.info({ server: found.toString() }, 'found the provisioning server');
        onFound(found.bare);
      }
      return this.#server;
    } finally {
      if (this.#search === search) this.#search = undefined;
    }
  }

  /** Where to ask it. @throws StanzaError `recipient-unavailable` when it does not come online in time, `remote-server-not-found` when there is none; PeerError */
  async reach(timeoutMs: number): Promise<Jid> {
    const server = await this.find();
    if (server.local === undefined) return server;
    const known = this.#best();
    if (known) return known;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
    });
    const found = this.#best();
    if (found) return found;
    throw new StanzaError('recipient-unavailable', `${server} is offline, or does not show its presence`);
  }

  /** Nobody waits any more. */
  stop(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #best(): Jid | undefined {
    const last = [...this.#available].at(-1);
    return last === undefined ? undefined : Jid.parse(last);
  }
}
