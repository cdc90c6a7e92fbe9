import {
  encodeAnnouncement,
  encodeMcapReaders,
  encodeTreeChange,
  type NcapResource,
  nodesOf,
} from '@thingward/ieee1451/mcap';
import { nodeKey, pause } from '@thingward/things';
import { type Jid, type Logger, PeerError, presence, StanzaError, type Unsubscribe } from '@thingward/xmpp';
import type { AccountConnection } from '../account-connection.ts';
import type { NcapAccess } from './ncap-access.ts';

const LEASE_SECONDS = 90;
const RENEWAL_MS = 30_000;
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
/** Where there is no MCAP at all, looking for one is less urgent. */
const ABSENT_BACKOFF_MS = 600_000;
const REQUEST_TIMEOUT_MS = 20_000;
/** What says that nobody is there under the MCAP's address. */
const ABSENT: ReadonlySet<string> = new Set(['service-unavailable', 'remote-server-not-found', 'item-not-found']);

export interface AnnouncerOptions {
  readonly peer: Pick<AccountConnection, 'send' | 'request' | 'onOnline' | 'state' | 'jid'>;
  readonly mcap: Jid;
  /** The NCAPs as they are now. */
  readonly ncaps: () => readonly NcapResource[];
  readonly access: Pick<NcapAccess, 'readers' | 'onChange'>;
  readonly log: Logger;
}

/**
 * Tells an MCAP what NCAPs have and who may read it: when there is a connection, when anything changed, and again before the lease
 * ends. The MCAP sees the presence of the account, so that it knows at once when it is gone.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  /** Readers that the MCAP knows, by NCAP and node. */
  readonly #told = new Map<string, string>();
  /** NCAPs that the MCAP knows of. */
  #announced: readonly NcapResource[] = [];
  #waking = new AbortController();
  #isWoken = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Something changed: it is told at once. */
  wake(): void {
    this.#isWoken = true;
    this.#waking.abort();
  }

  /** Goes on until the signal. Survives every error. */
  async run(signal: AbortSignal): Promise<void> {
    const { peer, access, log, mcap } = this.#options;
    const stops: Unsubscribe[] = [
      access.onChange(() => this.wake()),
      peer.onOnline(() => {
        // It may be another MCAP than before, that knows nothing.
        this.#told.clear();
        this.wake();
      }),
    ];
    let failures = 0;
    while (!signal.aborted) {
      this.#isWoken = false;
      this.#waking = new AbortController();
      let waitMs = RENEWAL_MS;
      if (peer.state === 'online') {
        try {
          await this.#tell(signal);
          failures = 0;
        } catch (error) {
          if (signal.aborted) break;
          const isAbsent = error instanceof StanzaError && ABSENT.has(error.condition);
          waitMs = Math.min(
            isAbsent ? ABSENT_BACKOFF_MS : LONGEST_BACKOFF_MS,
            FIRST_BACKOFF_MS * 2 ** Math.min(failures++, 10),
          );
          const details = { account: peer.jid.bare.toString(), mcap: mcap.toString(), waitMs };
          const level = failures > 1 || isAbsent ? 'debug' : 'warn';
          log[level]({ ...details, reason: (error as Error).message }, 'the MCAP was not told');
          waitMs *= 0.5 + Math.random() / 2;
        }
      }
      if (!this.#isWoken) await pause(waitMs, AbortSignal.any([signal, this.#waking.signal]));
    }
    for (const stop of stops) stop();
    this.#leave();
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { peer, mcap, ncaps, access } = this.#options;
    const options = { signal, timeoutMs: REQUEST_TIMEOUT_MS };
    peer.send(presence(undefined, { to: mcap }));
    const present = ncaps();
    for (const gone of this.#announced.filter(({ id }) => !present.some((ncap) => ncap.id === id))) {
      const ncap = { ...gone, isPresent: false, tims: [], things: [] };
      await peer.request('set', mcap, encodeTreeChange({ kind: 'left', ncap }), options);
    }
    this.#announced = present;
    for (const ncap of present) {
      await peer.request('set', mcap, encodeAnnouncement({ ncap, lease: LEASE_SECONDS }), options);
      for (const node of nodesOf(ncap)) {
        const readers = (await access.readers(node)).map((jid) => jid.bare.toString()).sort();
        const key = `${ncap.id} ${nodeKey(node)}`;
        // Also that there are none: the MCAP may remember others.
        if (this.#told.get(key) === readers.join('\n')) continue;
        const list = { ncap: ncap.id, ...(node === undefined ? {} : { node }), readers };
        await peer.request('set', mcap, encodeMcapReaders(list), options);
        this.#told.set(key, readers.join('\n'));
      }
    }
  }

  #leave(): void {
    const { peer, mcap } = this.#options;
    try {
      if (peer.state === 'online') peer.send(presence('unavailable', { to: mcap }));
    } catch (error) {
      // Without a connection the server has said so itself.
      if (!(error instanceof PeerError)) throw error;
    }
  }
}
