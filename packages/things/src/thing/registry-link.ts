import { Jid, type Logger, type Received, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { chosenRegistry, findRegistry, type RegistryChoice } from '../discovery/find-registry.ts';
import type { TrustedPresence } from './trusted-presence.ts';

/**
 * The way from Things to their registry: found where it is not known, and befriended where it is hosted as a client, which can't be
 * talked to before its presence tells its full JID.
 * @see XEP-0347 §3.5, §5.1
 */
export class RegistryLink {
  readonly #peer: XmppPeer;
  readonly #presence: TrustedPresence;
  readonly #log: Logger;
  /** Bare JID of an account, or the address of a component; undefined: not found yet. */
  #registry: Jid | undefined;
  /** Where an account is available. */
  #resource: Jid | undefined;

  constructor(options: { peer: XmppPeer; choice: RegistryChoice; presence: TrustedPresence; log: Logger }) {
    this.#peer = options.peer;
    this.#presence = options.presence;
    this.#log = options.log;
    this.#registry = chosenRegistry(options.choice, options.peer.jid.domain);
  }

  /** Is it the registry? Before one is found, nobody is. */
  is(jid: Jid): boolean {
    return this.#registry?.bare.equals(jid.bare) ?? false;
  }

  /** There is a connection: an account is asked for its presence, a component is shown that of the Things. */
  cameOnline(): void {
    this.#resource = undefined;
    if (this.#registry) this.#greet(this.#registry);
  }

  /** @returns whether the registry can be reached now and could not before */
  saw({ from, type }: Received): boolean {
    if (this.#registry?.local === undefined || !this.is(from) || !from.isFull) return false;
    if (type === 'unavailable' && this.#resource?.equals(from)) this.#resource = undefined;
    if (type !== undefined) return false;
    const wasThere = this.#resource !== undefined;
    this.#resource = from;
    return !wasThere;
  }

  /**
   * Where to send requests; undefined: there is no way now.
   * @throws PeerError when there is no connection
   */
  async address(signal: AbortSignal): Promise<Jid | undefined> {
    this.#registry ??= await this.#find(signal);
    return this.#registry?.local === undefined ? this.#registry : this.#resource;
  }

  async #find(signal: AbortSignal): Promise<Jid | undefined> {
    const server = Jid.parse(this.#peer.jid.domain);
    try {
      const found = await findRegistry(this.#peer, server, { timeoutMs: 5000, signal });
      if (found) {
        this.#log.info({ registry: found.toString() }, 'found the Thing Registry');
        this.#greet(found);
      }
      return found;
    } catch (error) {
      // A server that does not tell its components may do so later.
      if (error instanceof StanzaError) return undefined;
      throw error;
    }
  }

  #greet(registry: Jid): void {
    if (registry.local === undefined) this.#presence.tell(registry);
    else this.#presence.ask(registry);
  }
}
