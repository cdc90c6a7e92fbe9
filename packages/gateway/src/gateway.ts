import { resolve } from 'node:path';
import { EventLogger, formatIoTDisco, type NodeReference, tellEventLog } from '@thingward/things';
import { thingSchemas } from '@thingward/things/node';
import { type Connector, Jid, type Logger, SILENT_LOGGER, type Unsubscribe, XmppClient } from '@thingward/xmpp';
import { ExiCompressor } from '@thingward/xmpp/exi';
import type { findServers } from '@thingward/xmpp/finding';
import { type TlsTrust, xmppSchemas } from '@thingward/xmpp/node';
import { AccountAgent, type HostedDevice } from './account-agent.ts';
import type { GatewayConfig, ThingConfig } from './config.ts';
import type { Device } from './drivers/device.ts';
import { DirectIoDevice } from './drivers/direct-io/device.ts';
import { ModbusConnections } from './drivers/modbus/connections.ts';
import { ModbusDevice } from './drivers/modbus/device.ts';
import { publicationOf } from './publications.ts';
import { type AccountCredentials, credentialsOf } from './server/account-credentials.ts';
import { readText } from './server/config-files.ts';
import { ServerConnector } from './server/server-connector.ts';
import { type Door, ServerDoors } from './server/server-doors.ts';
import { metaTagsOf } from './state/claim-keys.ts';
import { Outbox } from './state/outbox.ts';
import { OwnAccounts } from './state/own-accounts.ts';
import { ServerPins } from './state/server-pin.ts';
import { StoredSetUps } from './state/set-up-store.ts';
import { StoredSignIns } from './state/sign-in-store.ts';
import { openState, type StateDatabase } from './state/state-database.ts';

export interface GatewayOptions {
  readonly log?: Logger;
  /** The directory that relative paths in the configuration start from; the working directory when not given. */
  readonly baseDirectory?: string;
  /** Makes connections to the server; for tests. */
  readonly connect?: Connector;
  /** Looks for servers; for tests. */
  readonly findServers?: typeof findServers;
}

export interface ThingStatus {
  readonly name: string;
  readonly jid: string;
  readonly node?: NodeReference | undefined;
  readonly connection: string;
  /** Where it speaks from: its full JID while it is connected. */
  readonly address: string;
  readonly owner?: string | undefined;
}

export interface GatewayStatus {
  readonly things: readonly ThingStatus[];
  /** Fields that wait to be uploaded or published. */
  readonly waiting: number;
  /** Fields uploaded since the start. */
  readonly stored: number;
  /** Items published since the start. */
  readonly published: number;
  /** Fields that were lost because the outbox was full, since the start. */
  readonly refused: number;
}

const FINDING_TIMEOUT_MS = 45_000;

/** Hosts drivers as Things on an XMPP network. */
export class Gateway {
  readonly #state: StateDatabase;
  readonly #outbox: Outbox;
  readonly #connections = new ModbusConnections();
  readonly #agents: AccountAgent[];
  readonly #log: Logger;
  readonly #stopTelling: Unsubscribe[] = [];

  /** @throws StateError, GatewayConfigError */
  constructor(config: GatewayConfig, options: GatewayOptions = {}) {
    this.#log = options.log ?? SILENT_LOGGER;
    const baseDirectory = options.baseDirectory ?? '.';
    const { server, registry, provisioning, history, eventLog } = config;
    const service = (name: string, configured: Jid | 'none' | undefined) =>
      configured === 'none' ? undefined : (configured ?? Jid.parse(`${name}.${server.domain}`));
    const accounts = groupByAccount(config.things);
    const trust = trustOf(config, baseDirectory);
    this.#state = openState(resolve(baseDirectory, config.dataDir));
    this.#outbox = new Outbox(this.#state, config.outbox.maxReadings, (count, reason) => this.#refused(count, reason));
    const signIns = new StoredSignIns(this.#state);
    const ownAccounts = new OwnAccounts(this.#state);
    const credentials = credentialsOrClose(
      [...accounts.values()].map(([thing]) => thing as ThingConfig),
      (thing) => credentialsOf(thing, baseDirectory, ownAccounts),
      this.#state,
    );
    const pins = new ServerPins(this.#state);
    const domain = server.domain.domain;
    const { findServers: look } = options;
    const doors = new ServerDoors({
      domain,
      fixed: fixedDoor(config),
      find: server.find,
      log: this.#log,
      findServers: look,
    });
    const compression = server.exi ? exiCompressor(this.#state) : undefined;
    this.#agents = [...accounts.values()].map((things, index) => {
      const [first] = things as [ThingConfig];
      const account = first.account.jid;
      const used = credentials[index] as AccountCredentials;
      const { password } = used;
      const connector = new ServerConnector({
        ...{ domain, doors, trust, pins, account, ownAccounts, log: this.#log },
        credentials: used,
      });
      const client = new XmppClient({
        jid: first.account.jid,
        ...(password === undefined ? {} : { password }),
        tag: 'gateway',
        userAgent: { id: signIns.installationId(first.account.jid), software: 'Thingward' },
        tokens: signIns,
        resumes: true,
        ...(compression && { compression }),
        connect: options.connect ?? connector.connect,
        // Looking around takes its time, and so does one door after the other.
        ...(server.find && { connectTimeoutMs: FINDING_TIMEOUT_MS }),
        // A server that nobody has vouched for is shown no password, and its refusal is no last word.
        refusesPlain: server.trustOnFirstUse,
        persists: () => connector.isFirstUse,
        log: this.#log,
      });
      client.onOnline(() => connector.confirm());
      const log = this.#eventsOf(client, service('eventlog', eventLog));
      return new AccountAgent({
        client,
        devices: things.map((thing) => this.#hosted(thing, log)),
        registry: service('registry', registry),
        provisioning: provisioning === 'none' ? undefined : provisioning,
        history: service('history', history),
        state: this.#state,
        outbox: this.#outbox,
        log,
      });
    });
  }

  /** A logger for what happens to the Things of an account: it tells the log of events, too, as that account. */
  #eventsOf(client: XmppClient, eventLog: Jid | undefined): Logger {
    if (!eventLog) return this.#log;
    const log = new EventLogger({ log: this.#log, facility: 'gateway' });
    this.#stopTelling.push(tellEventLog(client, eventLog, log, { local: this.#log }));
    return log;
  }

  /** Begins to poll and connects. Being offline is no error: it goes on trying. */
  async start(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.start()));
  }

  /** Waits until every account is online. @throws the first error of an account that is not: SaslError, PeerError */
  async ready(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#agents.map(({ client }) => client.ready(signal)));
  }

  async stop(): Promise<void> {
    for (const stopTelling of this.#stopTelling) stopTelling();
    const stopped = Promise.all(this.#agents.map((agent) => agent.stop()));
    // Nobody polls any more: a device that does not answer must not be waited for.
    this.#connections.closeAll();
    await stopped;
    this.#state.close();
  }

  status(): GatewayStatus {
    return {
      things: this.#agents.flatMap((agent) =>
        agent.devices.map(({ name, device }) => ({
          name,
          jid: agent.client.jid.bare.toString(),
          node: device.node,
          connection: agent.client.state,
          address: agent.client.jid.toString(),
          owner: agent.ownershipOf(device).owner,
        })),
      ),
      waiting: this.#outbox.size,
      stored: this.#agents.reduce((sum, { stored }) => sum + stored, 0),
      published: this.#agents.reduce((sum, { published }) => sum + published, 0),
      refused: this.#outbox.refused,
    };
  }

  #refused(count: number, reason: Error): void {
    const { refused, size } = this.#outbox;
    const before = refused - count;
    // The first at once, then once per hundred at most: a full disk must not fill the log too.
    if (before > 0 && Math.floor(before / 100) === Math.floor(refused / 100)) return;
    this.#log.error({ refused, waiting: size, reason: reason.message }, 'readings are lost');
  }

  #hosted(thing: ThingConfig, log: Logger): HostedDevice {
    const metaTags = metaTagsOf(thing, this.#state);
    const { name, friends, interfaces, publish } = thing;
    const device = this.#device(thing, metaTags, log);
    const published = { jid: thing.account.jid, node: device.node, name };
    const publications = publish.map((publication) => publicationOf(published, publication));
    return { name, metaTags, friends, interfaces, publications, device };
  }

  #device(thing: ThingConfig, metaTags: HostedDevice['metaTags'], log: Logger): Device {
    const node = thing.node as NodeReference | undefined;
    const parent = thing.parent as NodeReference | undefined;
    if (thing.driver === 'direct-io') {
      return new DirectIoDevice({ node, parent, metaTags, config: thing.directIo, pollMs: thing.pollMs });
    }
    return new ModbusDevice({
      node,
      parent,
      metaTags,
      config: thing.modbus,
      client: this.#connections.to(thing.modbus),
      log,
    });
  }
}

/** What is printed on the label of a Thing. */
export interface ThingLabel {
  readonly name: string;
  readonly jid: string;
  readonly node?: NodeReference | undefined;
  /** The text of its QR code. @see XEP-0347 §3.9 */
  readonly uri: string;
}

/** The labels of all Things of a gateway. KEYs that are not configured are made when they are not there yet. @throws StateError */
export function gatewayLabels(config: GatewayConfig, baseDirectory = '.'): readonly ThingLabel[] {
  const state = openState(resolve(baseDirectory, config.dataDir));
  try {
    return config.things.map((thing) => ({
      name: thing.name,
      jid: thing.account.jid.toString(),
      node: thing.node as NodeReference | undefined,
      uri: formatIoTDisco(metaTagsOf(thing, state)),
    }));
  } finally {
    state.close();
  }
}

/** All accounts have one: their schemas and set-ups are the same. */
function exiCompressor(state: StateDatabase): ExiCompressor {
  return new ExiCompressor({ schemas: [...xmppSchemas(), ...thingSchemas()], keeper: new StoredSetUps(state) });
}

/** Reads the credentials of accounts. @throws GatewayConfigError, having closed the state */
function credentialsOrClose(
  things: readonly ThingConfig[],
  read: (thing: ThingConfig) => AccountCredentials,
  state: StateDatabase,
): readonly AccountCredentials[] {
  try {
    return things.map(read);
  } catch (error) {
    state.close();
    throw error;
  }
}

function groupByAccount(things: readonly ThingConfig[]): Map<string, ThingConfig[]> {
  const accounts = new Map<string, ThingConfig[]>();
  for (const thing of things) {
    const key = thing.account.jid.toString();
    accounts.set(key, [...(accounts.get(key) ?? []), thing]);
  }
  return accounts;
}

/** What the configuration says of whom to trust; undefined: the first server is. @throws GatewayConfigError */
function trustOf({ server }: GatewayConfig, baseDirectory: string): TlsTrust | undefined {
  const { fingerprint, ca, trustOnFirstUse } = server;
  if (trustOnFirstUse) return undefined;
  return { fingerprint, ca: ca === undefined ? undefined : readText(baseDirectory, ca, 'server.ca') };
}

/** The door that the configuration names, if it names one. */
function fixedDoor({ server }: GatewayConfig): Door | undefined {
  const { domain, find, host, port, tls } = server;
  if (find || (host === undefined && port === undefined && tls === undefined)) return undefined;
  return {
    domain: domain.domain,
    host: host ?? domain.domain,
    port: port ?? (tls === 'direct' ? 5223 : 5222),
    tls: tls ?? 'starttls',
  };
}
