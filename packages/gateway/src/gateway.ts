import { join, resolve } from 'node:path';
import { GuardAudit } from '@thingward/guard';
import { EventLogger, formatIoTDisco, type NodeReference, tellEventLog } from '@thingward/things';
import { type Connector, Jid, type Logger, SILENT_LOGGER, type Unsubscribe, type XmppClient } from '@thingward/xmpp';
import type { findServers } from '@thingward/xmpp/finding';
import { AccountAgent, type HostedDevice } from './account-agent.ts';
import type { GatewayConfig, ThingConfig } from './config.ts';
import type { Device } from './drivers/device.ts';
import { DirectIoDevice } from './drivers/direct-io/device.ts';
import { Dnp3Associations } from './drivers/dnp3/associations.ts';
import { checkNames, type Dnp3Point } from './drivers/dnp3/config.ts';
import { Dnp3Device } from './drivers/dnp3/device.ts';
import { parsePointList } from './drivers/dnp3/point-list.ts';
import { checkPoints, type ModbusConfig } from './drivers/modbus/config.ts';
import { ModbusConnections } from './drivers/modbus/connections.ts';
import { ModbusDevice } from './drivers/modbus/device.ts';
import { parseRegisterList } from './drivers/modbus/point-list.ts';
import { PointListError } from './drivers/point-table.ts';
import { BASELINE_FILE, GatewayGuard } from './guard/gateway-guard.ts';
import { guardedDevice } from './guard/guarded-device.ts';
import { publicationOf } from './publications.ts';
import { AccountClients } from './server/account-clients.ts';
import { GatewayConfigError, readText } from './server/config-files.ts';
import { metaTagsOf } from './state/claim-keys.ts';
import { Outbox } from './state/outbox.ts';
import { openState, type StateDatabase } from './state/state-database.ts';

export interface GatewayOptions {
  /** The lines to the devices, where others use them, too; closed with the gateway. */
  readonly connections?: ModbusConnections;
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

/** Hosts drivers as Things on an XMPP network. */
export class Gateway {
  readonly #state: StateDatabase;
  readonly #outbox: Outbox;
  readonly #connections: ModbusConnections;
  readonly #associations = new Dnp3Associations();
  readonly #points: ReadonlyMap<ThingConfig, readonly Dnp3Point[]>;
  readonly #registerMaps: ReadonlyMap<ThingConfig, ModbusConfig>;
  readonly #agents: AccountAgent[];
  readonly #guard: GatewayGuard | undefined;
  readonly #audit: GuardAudit | undefined;
  readonly #log: Logger;
  readonly #stopTelling: Unsubscribe[] = [];

  /** @throws StateError, GatewayConfigError, PolicyError, AuditError */
  constructor(config: GatewayConfig, options: GatewayOptions = {}) {
    this.#log = options.log ?? SILENT_LOGGER;
    this.#connections = options.connections ?? new ModbusConnections();
    const baseDirectory = options.baseDirectory ?? '.';
    const { server, registry, provisioning, history, eventLog } = config;
    const service = (name: string, configured: Jid | 'none' | undefined) =>
      configured === 'none' ? undefined : (configured ?? Jid.parse(`${name}.${server.domain}`));
    const accounts = groupByAccount(config.things);
    this.#points = new Map(config.things.map((thing) => [thing, pointsOf(thing, baseDirectory)]));
    this.#registerMaps = new Map(
      config.things.flatMap((thing) =>
        thing.driver === 'modbus-tcp' ? [[thing, withPointList(thing.modbus, baseDirectory)] as const] : [],
      ),
    );
    const { policies, audit, baseline } = config;
    const file = join(resolve(baseDirectory, config.dataDir), BASELINE_FILE);
    // Without policies nothing is decided here.
    this.#audit = policies !== undefined && audit.enabled ? auditOf(config, baseDirectory, this.#log) : undefined;
    this.#guard =
      policies === undefined
        ? undefined
        : new GatewayGuard({
            folder: resolve(baseDirectory, policies),
            log: this.#log,
            audit: this.#audit,
            baseline: { config: baseline, file },
          });
    this.#state = openState(resolve(baseDirectory, config.dataDir));
    this.#outbox = new Outbox(this.#state, config.outbox.maxReadings, (count, reason) => this.#refused(count, reason));
    const clients = new AccountClients({
      server,
      baseDirectory,
      state: this.#state,
      tag: 'gateway',
      resumes: true,
      log: this.#log,
      connect: options.connect,
      findServers: options.findServers,
    });
    this.#agents = [...accounts.values()].map((things) => {
      const [first] = things as [ThingConfig];
      const client = clients.client(first.account);
      const log = this.#eventsOf(client, service('eventlog', eventLog));
      const agent: AccountAgent = new AccountAgent({
        client,
        devices: things.map((thing) => this.#hosted(thing, log)),
        registry: registry === 'none' ? undefined : (registry ?? Jid.parse(`registry.${server.domain}`)),
        provisioning,
        history: service('history', history),
        state: this.#state,
        outbox: this.#outbox,
        log,
      });
      for (const { device, friends, interfaces } of agent.devices) {
        const ownership = () => agent.ownershipOf(device);
        this.#guard?.add({ account: first.account.jid.toString(), device, friends, ownership, interfaces, log });
      }
      return agent;
    });
  }

  /** A logger for what happens to the Things of an account: it tells the log of events, too, as that account. */
  #eventsOf(client: XmppClient, eventLog: Jid | undefined): Logger {
    if (!eventLog) return this.#log;
    const log = new EventLogger({ log: this.#log, facility: 'gateway' });
    this.#stopTelling.push(tellEventLog(client, eventLog, log, { local: this.#log }));
    return log;
  }

  /** Reads its policies again. @throws PolicyError; then those before are in force */
  reloadPolicies(): void {
    this.#guard?.reload();
  }

  /** Begins to poll and connects. Being offline is no error: it goes on trying. */
  async start(): Promise<void> {
    await this.#audit?.start('thingward gateway');
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
    await Promise.all([stopped, this.#associations.closeAll()]);
    await this.#guard?.stop();
    await this.#audit?.stop();
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
    const driven = this.#device(thing, metaTags, log);
    const account = thing.account.jid.toString();
    const device = this.#guard ? guardedDevice(driven, this.#guard.check(account)) : driven;
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
    if (thing.driver === 'dnp3-tcp') {
      const points = this.#points.get(thing) ?? [];
      const association = this.#associations.to(thing.dnp3);
      return new Dnp3Device({ node, parent, metaTags, config: thing.dnp3, points, association, log });
    }
    const { modbus } = thing;
    const client = this.#connections.to(modbus);
    return new ModbusDevice({
      node,
      parent,
      metaTags,
      config: this.#registerMaps.get(thing) ?? modbus,
      client,
      traffic: (listener) => this.#connections.observe(client, modbus.unit, listener),
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

function groupByAccount(things: readonly ThingConfig[]): Map<string, ThingConfig[]> {
  const accounts = new Map<string, ThingConfig[]>();
  for (const thing of things) {
    const key = thing.account.jid.toString();
    accounts.set(key, [...(accounts.get(key) ?? []), thing]);
  }
  return accounts;
}

/** A unit with the points of the list it names, too. @throws GatewayConfigError */
function withPointList(modbus: ModbusConfig, baseDirectory: string): ModbusConfig {
  const { points, pointList, pollGroups } = modbus;
  if (pointList === undefined) return modbus;
  return fromPointList(pointList, () => {
    const listed = parseRegisterList(readText(baseDirectory, pointList, 'modbus.pointList'), pollGroups);
    const all = [...points, ...listed];
    checkPoints(all, pollGroups, (_index, _key, message) => {
      throw new PointListError(message);
    });
    return { ...modbus, points: all };
  });
}

/** Names the file in what is wrong with it. */
function fromPointList<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PointListError) throw new GatewayConfigError(`${file}: ${error.message}`);
    throw error;
  }
}

/** The points of an outstation: those of the configuration and those of the list it names. */
function pointsOf(thing: ThingConfig, baseDirectory: string): readonly Dnp3Point[] {
  if (thing.driver !== 'dnp3-tcp') return [];
  const { points, pointList } = thing.dnp3;
  if (pointList === undefined) return points;
  return fromPointList(pointList, () => {
    const all = [...points, ...parsePointList(readText(baseDirectory, pointList, 'dnp3.pointList'))];
    checkNames(all, (_, message) => {
      throw new PointListError(message);
    });
    return all;
  });
}

/** The log of what the gateway's guard decides. @throws AuditError */
function auditOf({ audit, dataDir }: GatewayConfig, baseDirectory: string, log: Logger): GuardAudit {
  const { folder } = audit;
  return new GuardAudit({
    config: { ...audit, folder: folder && resolve(baseDirectory, folder) },
    dataDir: resolve(baseDirectory, dataDir),
    clock: () => new Date(),
    log,
    onCheckpoint: (line) => log.info({ checkpoint: line }, 'checkpoint of the audit log'),
  });
}
