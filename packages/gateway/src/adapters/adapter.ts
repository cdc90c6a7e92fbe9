import { join, resolve } from 'node:path';
import { dnp3Operations, modbusOperations } from '@thingward/guard';
import { EventLogger, tellEventLog } from '@thingward/things';
import { type Connector, Jid, type Logger, SILENT_LOGGER, type Unsubscribe, type XmppClient } from '@thingward/xmpp';
import { DeviceConnections } from '../drivers/connections.ts';
import { BASELINE_FILE, GatewayGuard, type OwnThing } from '../guard/gateway-guard.ts';
import { AccountClients } from '../server/account-clients.ts';
import { openState, type StateDatabase } from '../state/state-database.ts';
import { AdapterAccount } from './adapter-account.ts';
import type { AdapterConfig, EgressConfig, IngressConfig } from './config.ts';
import { Dnp3Door } from './dnp3/door.ts';
import { Dnp3Outstations } from './dnp3/outstations.ts';
import type { Devices, EgressStatus, IngressStatus } from './ends.ts';
import { ModbusDevices } from './modbus/devices.ts';
import { ModbusDoor } from './modbus/door.ts';

export interface AdapterOptions {
  readonly log?: Logger;
  /** The directory that relative paths in the configuration start from; the working directory when not given. */
  readonly baseDirectory?: string;
  /** The lines to devices, where a gateway in the same process uses them, too. */
  readonly connections?: DeviceConnections;
  /** Makes connections to the server; for tests. */
  readonly connect?: Connector;
}

export interface AdapterAccountStatus {
  readonly jid: string;
  readonly connection: string;
  readonly ingress: readonly IngressStatus[];
  readonly egress?: EgressStatus | undefined;
}

interface AccountWork {
  readonly account: IngressConfig['account'];
  readonly ingress: readonly IngressConfig[];
  readonly egress: EgressConfig | undefined;
}

/** The ends of transversions on one machine: doors for masters, and lines to devices. */
export class Adapter {
  readonly #state: StateDatabase;
  readonly #connections: DeviceConnections;
  readonly #accounts: readonly AdapterAccount[];
  readonly #guard: GatewayGuard | undefined;
  readonly #stopTelling: Unsubscribe[] = [];

  /** @throws StateError, GatewayConfigError */
  constructor(config: AdapterConfig, options: AdapterOptions = {}) {
    const { log = SILENT_LOGGER, baseDirectory = '.', connections = new DeviceConnections() } = options;
    this.#connections = connections;
    this.#state = openState(resolve(baseDirectory, config.dataDir));
    const clients = new AccountClients({
      server: config.server,
      baseDirectory,
      state: this.#state,
      tag: 'adapter',
      // Requests that wait at the server for a connection that is lost must not be carried out when it is back.
      resumes: false,
      log,
      connect: options.connect,
    });
    const { policies, baseline } = config;
    const file = join(resolve(baseDirectory, config.dataDir), BASELINE_FILE);
    this.#guard =
      policies === undefined
        ? undefined
        : new GatewayGuard({ folder: resolve(baseDirectory, policies), log, baseline: { config: baseline, file } });
    this.#accounts = groupByAccount(config).map(({ account, ingress, egress }) => {
      const client = clients.client(account);
      const jid = account.jid.toString();
      const eventLog = this.#eventsOf(client, config, log);
      if (egress) this.#guard?.add({ ...knownDevices(jid, egress), log: eventLog });
      return new AdapterAccount({
        client,
        protocols: [...new Set([...ingress, ...(egress ? [egress] : [])].map(({ protocol }) => protocol))],
        doors: (roster) =>
          ingress.map((door) =>
            door.protocol === 'modbus'
              ? new ModbusDoor(door, client, roster, eventLog)
              : new Dnp3Door(door, client, roster, eventLog),
          ),
        devices: egress && this.#devicesOf(egress, client, eventLog),
      });
    });
  }

  /** Opens doors and lines, and connects. Being offline is no error: it goes on trying. Rejects when a door can't be opened. */
  async start(): Promise<void> {
    for (const account of this.#accounts) await account.start();
  }

  /** Waits until every account is online. @throws the first error of an account that is not: SaslError, PeerError */
  async ready(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#accounts.map(({ client }) => client.ready(signal)));
  }

  /** Reads its policies again. @throws PolicyError; then those before are in force */
  reloadPolicies(): void {
    this.#guard?.reload();
  }

  async stop(): Promise<void> {
    for (const stopTelling of this.#stopTelling) stopTelling();
    await Promise.all(this.#accounts.map((account) => account.stop()));
    await this.#connections.closeAll();
    await this.#guard?.stop();
    this.#state.close();
  }

  status(): readonly AdapterAccountStatus[] {
    return this.#accounts.map(({ client, ingresses, egress }) => ({
      jid: client.jid.toString(),
      connection: client.state,
      ingress: ingresses,
      egress,
    }));
  }

  #devicesOf(egress: EgressConfig, peer: XmppClient, log: Logger): Devices {
    const jid = egress.account.jid.toString();
    if (egress.protocol === 'modbus') {
      const check = this.#guard?.checkPackets(jid, modbusOperations);
      return new ModbusDevices(egress, {
        peer,
        connections: this.#connections.modbus,
        log,
        ...(check ? { check } : {}),
      });
    }
    const check = this.#guard?.checkPackets(jid, dnp3Operations);
    return new Dnp3Outstations(egress, { peer, connections: this.#connections.dnp3, log, ...(check ? { check } : {}) });
  }

  #eventsOf(client: XmppClient, { eventLog, server }: AdapterConfig, local: Logger): Logger {
    if (eventLog === 'none') return local;
    const log = new EventLogger({ log: local, facility: 'adapter' });
    const to = eventLog ?? Jid.parse(`eventlog.${server.domain}`);
    this.#stopTelling.push(tellEventLog(client, to, log, { local }));
    return log;
  }
}

/** The devices of an egress as policies know them: who may write may control, who is a master may read. */
function knownDevices(account: string, { masters }: EgressConfig): OwnThing {
  return {
    account,
    device: { node: undefined, metaTags: [] },
    friends: masters.filter(({ writes }) => writes).map(({ jid }) => jid),
    readers: masters.map(({ jid }) => jid),
    ownership: () => ({ friends: [] }),
  };
}

function groupByAccount({ ingress, egress }: AdapterConfig): AccountWork[] {
  const accounts = new Map([...ingress, ...egress].map(({ account }) => [account.jid.toString(), account]));
  return [...accounts].map(([key, account]) => ({
    account,
    ingress: ingress.filter(({ account: { jid } }) => jid.toString() === key),
    egress: egress.find(({ account: { jid } }) => jid.toString() === key),
  }));
}
