import { IEEE1451_NAMESPACE } from '@thingward/ieee1451';
import {
  askSleeper,
  BROKER,
  EVENT_LOG_QUERY,
  findProvisioningServer,
  findRegistry,
  HISTORY,
  type NodeReference,
  requestToken,
  TokenHolder,
  type TokenIdentity,
  type Tokens,
} from '@thingward/things';
import { findService, Jid, JidError, Roster, StanzaError, type XmppClient } from '@thingward/xmpp';
import { CommandError, UsageError } from './errors.ts';
import { loadProfile, signIn } from './profile.ts';

/** A Thing as the command line names it. */
export interface ThingAddress {
  readonly jid: Jid;
  readonly node?: NodeReference | undefined;
}

const PRESENCE_TIMEOUT_MS = 5000;
const STATUS_TIMEOUT_MS = 3000;

/** A signed-in user: its roster, and the services of its server. */
export class ClientSession {
  readonly client: XmppClient;
  readonly roster: Roster;

  readonly #registry: Jid | undefined;

  private constructor(client: XmppClient, registry: Jid | undefined) {
    this.client = client;
    this.#registry = registry;
    this.roster = new Roster(client);
    this.roster.reciprocate();
  }

  /** Signs in, does something, and signs out whatever happens. */
  static async use<T>(profile: string | undefined, work: (session: ClientSession) => Promise<T>): Promise<T> {
    const loaded = loadProfile(profile);
    const client = await signIn(loaded);
    try {
      return await work(new ClientSession(client, loaded.registry));
    } finally {
      await client.stop();
    }
  }

  /** The full JID behind which a Thing is available now; the bare one of a Thing that sleeps, for which its server answers. @throws StanzaError saying why it is not */
  async locate({ jid }: ThingAddress, signal?: AbortSignal, timeoutMs = PRESENCE_TIMEOUT_MS): Promise<Jid> {
    if (jid.isFull) return jid;
    if (await this.#sleeps(jid)) return jid.bare;
    return this.roster.waitForResource(jid, { timeoutMs, signal });
  }

  /** Is it a Thing that sleeps now, and whose server keeps what is sent to it? */
  async #sleeps(jid: Jid): Promise<boolean> {
    if (jid.local === undefined) return false;
    try {
      const { isAsleep = false } = await askSleeper(this.client, jid, { timeoutMs: STATUS_TIMEOUT_MS });
      return isAsleep;
    } catch (error) {
      if (error instanceof StanzaError) return false;
      throw error;
    }
  }

  /**
   * Where requests to the registry go: that of the profile, or the first among the components of the server. One that is an account is
   * befriended first.
   * @throws CommandError when there is none, or it is not there
   * @see XEP-0347 §3.5, §5.1
   */
  async registry(): Promise<Jid> {
    const domain = Jid.parse(this.client.jid.domain);
    const registry = this.#registry ?? (await findRegistry(this.client, domain));
    if (registry === undefined) {
      throw new CommandError(`${domain} has no Thing Registry; the key "registry" of the profile names one elsewhere`);
    }
    if (registry.local === undefined) return registry;
    this.roster.subscribe(registry);
    try {
      return await this.roster.waitForResource(registry, { timeoutMs: PRESENCE_TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      throw new CommandError(`the Thing Registry ${registry} is not there: ${error.text ?? error.message}`);
    }
  }

  /** @throws CommandError when the server has none */
  history(): Promise<Jid> {
    return this.#service(HISTORY, 'history service');
  }

  /** @throws CommandError when the server has none */
  mcap(): Promise<Jid> {
    return this.#service(IEEE1451_NAMESPACE, 'MCAP');
  }

  /** @throws CommandError when the server has none */
  eventLog(): Promise<Jid> {
    return this.#service(EVENT_LOG_QUERY, 'log of events');
  }

  /** @throws CommandError when the server has none */
  broker(): Promise<Jid> {
    return this.#service(BROKER, 'service broker');
  }

  /**
   * Where to ask the provisioning server. One that is an account is befriended.
   * @param given undefined: the one that goes with the server
   * @throws CommandError when there is none; StanzaError when it is offline, or no friend
   */
  async provisioning(given: Jid | undefined): Promise<Jid> {
    const server = given ?? (await findProvisioningServer(this.client));
    if (!server) throw new CommandError(`${this.client.jid.domain} has no provisioning server: name one with --server`);
    if (server.local === undefined || server.isFull) return server;
    this.roster.subscribe(server);
    return this.roster.waitForResource(server, { timeoutMs: PRESENCE_TIMEOUT_MS });
  }

  /** The tokens, and one for a certificate, to be shown to somebody who may challenge them. @throws CommandError, StanzaError */
  async shownTokens(to: Jid, tokens: Tokens, identity: TokenIdentity | undefined): Promise<Tokens> {
    if (!identity) return tokens;
    const token = await requestToken(this.client, await this.provisioning(undefined), identity);
    const holder = new TokenHolder(this.client);
    holder.serve();
    holder.add(token, identity);
    const shown = { ...tokens, userToken: tokens.userToken === undefined ? token : `${tokens.userToken} ${token}` };
    holder.sending(to, shown);
    return shown;
  }

  async #service(feature: string, title: string): Promise<Jid> {
    const domain = Jid.parse(this.client.jid.domain);
    const found = await findService(this.client, domain, feature);
    if (found) return found;
    throw new CommandError(`${domain} has no ${title}`);
  }
}

/** `jid` or `jid#nodeId`. @throws UsageError */
export function parseThing(text: string): ThingAddress {
  const [address = '', ...nodeId] = text.split('#');
  try {
    const jid = Jid.parse(address);
    return nodeId.length > 0 ? { jid, node: { nodeId: nodeId.join('#') } } : { jid };
  } catch (error) {
    if (error instanceof JidError) throw new UsageError(`"${text}" is no address of a Thing: ${error.message}`);
    throw error;
  }
}

/** As `parseThing`, with what else tells the node from others of the same name. @throws UsageError */
export function parseNode(
  text: string,
  { source, cacheType }: { readonly source?: string; readonly cacheType?: string },
): ThingAddress {
  const { jid, node } = parseThing(text);
  if (node === undefined && (source ?? cacheType) !== undefined) {
    throw new UsageError('--source and --cache-type belong to a node: write JID#NODE');
  }
  return {
    jid,
    node: node && { ...node, ...(source ? { sourceId: source } : {}), ...(cacheType ? { cacheType } : {}) },
  };
}
