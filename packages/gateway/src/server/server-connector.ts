import { type Connector, type Jid, type Logger, PeerError, registerAccount, StanzaError } from '@thingward/xmpp';
import { shownCertificate } from '@thingward/xmpp/finding';
import { type TcpConnectorOptions, type TlsTrust, tcpConnector } from '@thingward/xmpp/node';
import type { OwnAccounts } from '../state/own-accounts.ts';
import type { ServerPins } from '../state/server-pin.ts';
import type { AccountCredentials } from './account-credentials.ts';
import { type Door, doorText, type ServerDoors } from './server-doors.ts';

export interface ServerConnectorOptions {
  readonly domain: string;
  readonly doors: ServerDoors;
  /** What the configuration says; undefined: the first server that knows the accounts is trusted, and no other from then on. */
  readonly trust: TlsTrust | undefined;
  readonly pins: ServerPins;
  readonly account: Jid;
  readonly credentials: AccountCredentials;
  readonly ownAccounts: OwnAccounts;
  readonly log: Logger;
  /** For tests. */
  readonly showCertificate?: typeof shownCertificate;
}

/** A door that is silent must not keep the next from being tried. */
const DOOR_TIMEOUT_MS = 5000;
/** A connection that has lasted so long was a good one. */
const LASTING_MS = 60_000;

/**
 * Connects an account to its server by the first door that lets it in. A door whose last connection did not last is tried last. Where no
 * certificate is known, the one a server shows counts for the time of one connection, and is pinned once the server has let the account in.
 */
export class ServerConnector {
  readonly #options: ServerConnectorOptions;
  readonly #connectors = new Map<string, Connector>();
  #last: { readonly door: Door; readonly fingerprint: string | undefined; readonly at: number } | undefined;

  constructor(options: ServerConnectorOptions) {
    this.#options = options;
  }

  readonly connect: Connector = async (signal) => {
    const { doors, domain } = this.#options;
    const all = this.#inOrder(await doors.all());
    if (all.length === 0) throw new PeerError('not-connected', `no server of ${domain} was found`);
    const reasons: string[] = [];
    for (const door of all) {
      signal.throwIfAborted();
      try {
        return await this.#connectTo(door, AbortSignal.any([signal, AbortSignal.timeout(DOOR_TIMEOUT_MS)]));
      } catch (error) {
        if (signal.aborted) throw error;
        reasons.push((error as Error).message);
      }
    }
    doors.forget();
    throw new PeerError('not-connected', reasons.join('; '));
  };

  /** The account is online: the server has proved that it is the right one, as far as that can be. */
  confirm(): void {
    const { domain, pins, trust, log } = this.#options;
    const { fingerprint } = this.#last ?? {};
    if (trust || fingerprint === undefined || pins.get(domain)) return;
    pins.pinFirst(domain, fingerprint);
    log.info({ domain, fingerprint }, 'the server’s certificate was pinned: no other is trusted from now on');
  }

  /** Has no certificate been pinned or configured, so that a refusal may come from anybody? */
  get isFirstUse(): boolean {
    const { domain, pins, trust } = this.#options;
    return trust === undefined && pins.get(domain) === undefined;
  }

  #inOrder(doors: readonly Door[]): readonly Door[] {
    const last = this.#last;
    if (!last || performance.now() - last.at > LASTING_MS) return doors;
    const isBad = (door: Door) => doorText(door) === doorText(last.door);
    return [...doors.filter((door) => !isBad(door)), ...doors.filter(isBad)];
  }

  async #connectTo(door: Door, signal: AbortSignal) {
    const { trust, fingerprint } = await this.#trustAt(door, signal);
    const key = `${doorText(door)} ${fingerprint ?? ''}`;
    const connect = this.#connectors.get(key) ?? this.#newConnector(door, trust);
    // One for each, which keeps its TLS session.
    if (this.#connectors.size > 32) this.#connectors.clear();
    this.#connectors.set(key, connect);
    await this.#register(connect, signal);
    const stream = await connect(signal);
    this.#last = { door, fingerprint, at: performance.now() };
    return stream;
  }

  /**
   * Makes the account where it is to be made and has not been. A server that makes none is not the right one.
   * @throws StanzaError, StreamError, PeerError
   * @see XEP-0347 §3.4
   */
  async #register(connect: Connector, signal: AbortSignal): Promise<void> {
    const { account, credentials, ownAccounts, log } = this.#options;
    const { password = '', registration } = credentials;
    if (!registration || ownAccounts.isMade(account)) return;
    const stream = await connect(signal);
    const drop = () => stream.destroy();
    signal.addEventListener('abort', drop, { once: true });
    try {
      await registerAccount(stream, { jid: account, password, token: registration.token });
      log.info({ account: account.toString() }, 'the account was made');
    } catch (error) {
      // It may be ours, when the answer was lost: signing in tells.
      if (!(error instanceof StanzaError && error.condition === 'conflict'))
        throw new PeerError('not-connected', `${account} can't be registered: ${(error as Error).message}`, {
          cause: error,
        });
    } finally {
      signal.removeEventListener('abort', drop);
      stream.destroy();
    }
    ownAccounts.made(account);
  }

  #newConnector(door: Door, trust: TlsTrust): Connector {
    const { domain, credentials } = this.#options;
    const { certificate } = credentials;
    const options: TcpConnectorOptions = {
      domain,
      host: door.host,
      port: door.port,
      tls: door.tls,
      trust,
      certificate,
    };
    return tcpConnector(options);
  }

  async #trustAt(
    door: Door,
    signal: AbortSignal,
  ): Promise<{ readonly trust: TlsTrust; readonly fingerprint?: string | undefined }> {
    const { domain, pins, trust, showCertificate = shownCertificate } = this.#options;
    if (trust || door.tls === 'none') return { trust: trust ?? {} };
    const pinned = pins.get(domain);
    if (pinned) {
      const { fingerprint, pinnedAt } = pinned;
      return { trust: { fingerprint, advice: adviceAbout(pinnedAt) }, fingerprint };
    }
    const { fingerprint } = await showCertificate({ ...door, method: 'dns', tls: door.tls }, signal);
    return { trust: { fingerprint }, fingerprint };
  }
}

function adviceAbout(pinnedAt: Date): string {
  const when = pinnedAt.toISOString();
  return (
    `which was pinned at the first use, ${when}. Nothing was sent. ` +
    'If the server was given another certificate on purpose, pin that: thingward gateway pin FINGERPRINT'
  );
}
