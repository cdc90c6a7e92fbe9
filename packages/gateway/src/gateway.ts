import { join, resolve } from 'node:path';
import { channelWriteOperations, GuardAudit, type ResourceReference } from '@thingward/guard';
import type { Sample } from '@thingward/ieee1451';
import type { ThingResource } from '@thingward/ieee1451/mcap';
import { EventLogger, formatIoTDisco, type NodeReference, nodeKey, tellEventLog } from '@thingward/things';
import { type Connector, Jid, type Logger, SILENT_LOGGER, type Unsubscribe, type XmppClient } from '@thingward/xmpp';
import type { findServers } from '@thingward/xmpp/finding';
import { AccountAgent, type HostedDevice } from './account-agent.ts';
import type { GatewayConfig, ThingConfig } from './config.ts';
import { Devices, listedPoints } from './devices.ts';
import type { Concentrator, DevicePart } from './drivers/concentrator.ts';
import { DeviceConnections } from './drivers/connections.ts';
import { BASELINE_FILE, GatewayGuard } from './guard/gateway-guard.ts';
import { guardedDevice } from './guard/guarded-device.ts';
import type { NcapAccess } from './ncap/ncap-access.ts';
import type { TransducerServices } from './ncap/transducer-services.ts';
import { publicationOf } from './publications.ts';
import { AccountClients } from './server/account-clients.ts';
import { metaTagsOf } from './state/claim-keys.ts';
import { Outbox } from './state/outbox.ts';
import { openState, type StateDatabase } from './state/state-database.ts';

export interface GatewayOptions {
  /** The lines to the devices, where others use them, too; closed with the gateway. */
  readonly connections?: DeviceConnections;
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

/** A device that is configured. */
interface HostedThing extends HostedDevice {
  readonly thing: ThingConfig;
  readonly concentrator: Concentrator | undefined;
}

/** Hosts drivers as Things on an XMPP network. */
export class Gateway {
  readonly #state: StateDatabase;
  readonly #outbox: Outbox;
  readonly #connections: DeviceConnections;
  readonly #devices: Devices;
  readonly #agents: AccountAgent[];
  readonly #concentrators: { readonly entry: HostedThing; readonly agent: AccountAgent }[] = [];
  readonly #stopParts: Unsubscribe[] = [];
  readonly #guard: GatewayGuard | undefined;
  /** Where is told what happens to the Things of an account. */
  readonly #logs = new Map<string, Logger>();
  readonly #audit: GuardAudit | undefined;
  readonly #log: Logger;
  readonly #stopTelling: Unsubscribe[] = [];

  /** @throws StateError, GatewayConfigError, PolicyError, AuditError */
  constructor(config: GatewayConfig, options: GatewayOptions = {}) {
    this.#log = options.log ?? SILENT_LOGGER;
    this.#connections = options.connections ?? new DeviceConnections();
    const baseDirectory = options.baseDirectory ?? '.';
    const { server, registry, provisioning, history, eventLog, broker, mcap } = config;
    const service = (name: string, configured: Jid | 'none' | undefined) =>
      configured === 'none' ? undefined : (configured ?? Jid.parse(`${name}.${server.domain}`));
    const accounts = groupByAccount(config.things);
    const brokerJid = service('broker', broker);
    const lists = listedPoints(config.things, baseDirectory);
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
    this.#devices = new Devices({ lists, connections: this.#connections, state: this.#state, broker: brokerJid });
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
      this.#logs.set(first.account.jid.toString(), log);
      const hosted = things.map((thing) => this.#hosted(thing, client, log));
      const concentrators = hosted.filter(({ concentrator }) => concentrator);
      const agent: AccountAgent = new AccountAgent({
        client,
        devices: hosted,
        comeAndGo: concentrators.length > 0,
        transducers: things.flatMap((thing) => this.#devices.ncapOf(thing) ?? []),
        registry: registry === 'none' ? undefined : (registry ?? Jid.parse(`registry.${server.domain}`)),
        provisioning,
        history: service('history', history),
        broker: brokerJid,
        mcap: service('mcap', mcap),
        mayWrite: this.#channelCheck(first.account.jid.toString()),
        state: this.#state,
        outbox: this.#outbox,
        log,
      });
      for (const one of agent.devices) this.#watchOver(one, agent);
      for (const entry of concentrators) this.#concentrators.push({ entry, agent });
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
    this.#devices.followBroker();
    await Promise.all(this.#agents.map((agent) => agent.start()));
    for (const { entry, agent } of this.#concentrators) this.#serveParts(entry, agent);
    this.#devices.openDoors();
  }

  /** Waits until every account is online. @throws the first error of an account that is not: SaslError, PeerError */
  async ready(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#agents.map(({ client }) => client.ready(signal)));
  }

  async stop(): Promise<void> {
    for (const stop of [...this.#stopTelling, ...this.#stopParts]) stop();
    await this.#devices.leaveBroker();
    const doorsClosed = this.#devices.closeDoors();
    const stopped = Promise.all(this.#agents.map((agent) => agent.stop()));
    // Nobody polls any more: a device that does not answer must not be waited for.
    await Promise.all([stopped, this.#connections.closeAll(), doorsClosed]);
    await this.#guard?.stop();
    await this.#audit?.stop();
    this.#state.close();
  }

  /** The NCAPs it has, each with its TIMs. */
  get ncaps(): readonly TransducerServices[] {
    return this.#devices.ncaps;
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

  #hosted(thing: ThingConfig, client: XmppClient, log: Logger): HostedThing {
    const metaTags = metaTagsOf(thing, this.#state);
    const driven = this.#devices.make(thing, metaTags, client, log);
    const concentrator = 'serveParts' in driven ? (driven as Concentrator) : undefined;
    const { interfaces } = thing;
    return {
      ...this.#hostedPart(thing, { name: thing.name, device: driven }),
      thing,
      metaTags,
      interfaces,
      service: SERVICE_OF[thing.driver],
      concentrator,
    };
  }

  /** A device of a configured Thing: its own, or one behind it. */
  #hostedPart({ account, friends, publish }: ThingConfig, { name, device: driven }: DevicePart): HostedDevice {
    const device = this.#guard ? guardedDevice(driven, this.#guard.check(account.jid.toString())) : driven;
    const published = { jid: account.jid, node: device.node, name };
    const publications = publish.map((publication) => publicationOf(published, publication));
    return { name, metaTags: driven.metaTags, friends, publications, device };
  }

  /** The guard knows what there is. */
  #watchOver({ device, friends, interfaces }: HostedDevice, agent: AccountAgent): void {
    const account = agent.client.jid.bare.toString();
    const log = this.#logs.get(account);
    this.#guard?.add({ account, device, friends, ownership: () => agent.ownershipOf(device), interfaces, log });
  }

  #serveParts({ thing, concentrator }: HostedThing, agent: AccountAgent): void {
    const stop = concentrator?.serveParts({
      add: async (part) => {
        const hosted = this.#hostedPart(thing, part);
        this.#watchOver(hosted, agent);
        await agent.add(hosted);
      },
      remove: async (device) => {
        const hosted = agent.devices.find((one) => nodeKey(one.device.node) === nodeKey(device.node));
        await agent.remove(device);
        if (hosted) this.#guard?.remove({ account: agent.client.jid.bare.toString(), device: hosted.device });
      },
    });
    if (stop) this.#stopParts.push(stop);
  }

  /** Asks the policies about writes to channels that came by the MCAP; undefined where there are none. */
  #channelCheck(account: string): NcapAccess['mayWrite'] | undefined {
    const check = this.#guard?.checkPackets(account, channelOperations);
    if (!check) return undefined;
    return async (requester, { nodeId }, { channel }, samples) =>
      (await check({ nodeId, channel, samples }, requester)).outcome === 'permit';
  }
}

/** How the Things of a driver are reached, as the paper on P21451-1-4 sorts them. */
const SERVICE_OF: Readonly<Record<ThingConfig['driver'], Pick<ThingResource, 'service' | 'protocol'> | undefined>> = {
  'direct-io': { service: 'direct-io' },
  'modbus-tcp': { service: 'legacy-adapter', protocol: 'modbus' },
  'dnp3-tcp': { service: 'legacy-adapter', protocol: 'dnp3' },
  // What it has is in the tree as NCAP, TIMs and channels.
  ieee1451: undefined,
};

/** A channel is judged as the Thing it is. */
function channelOperations(
  { nodeId, ...write }: { readonly nodeId: string; readonly channel: number; readonly samples: readonly Sample[] },
  resource: ResourceReference,
) {
  return channelWriteOperations(write, { ...resource, node: nodeId });
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
