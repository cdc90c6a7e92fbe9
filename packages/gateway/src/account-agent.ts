import type { ThingResource } from '@thingward/ieee1451/mcap';
import {
  type Field,
  type HistorySource,
  type MetaTag,
  type NodeReference,
  nodeKey,
  type Ownership,
  type ProvisioningSettings,
  type Publication,
  Publisher,
  type RegistryChoice,
  storedHistory,
  type Thing,
  ThingHost,
  withHistory,
} from '@thingward/things';
import { Jid, type Logger, servePing, type Unsubscribe } from '@thingward/xmpp';
import type { AccountConnection } from './account-connection.ts';
import { DeviceRunner } from './device-runner.ts';
import type { Device } from './drivers/device.ts';
import { informedServices } from './informed-services.ts';
import { McapAgent } from './ncap/mcap-agent.ts';
import type { NcapAccess } from './ncap/ncap-access.ts';
import type { TransducerServices } from './ncap/transducer-services.ts';
import { ReadersTeller, wholeReaders } from './readers-teller.ts';
import { StoredAnswers } from './state/answer-store.ts';
import { ncapIdentity } from './state/ncap-identity.ts';
import type { Outbox } from './state/outbox.ts';
import { StoredOwnership } from './state/ownership-store.ts';
import { StoredPublicationQueue } from './state/publication-queue.ts';
import type { StateDatabase } from './state/state-database.ts';
import { StoredSubscriptions } from './state/subscription-store.ts';
import { Uploader } from './uploader.ts';

/** Less than a Thing may be silent in a read-out. */
const HISTORY_TIMEOUT_MS = 20_000;

export interface HostedDevice {
  readonly name: string;
  readonly device: Device;
  readonly metaTags: readonly MetaTag[];
  /** May read and control it, whoever owns it. */
  readonly friends: readonly Jid[];
  /** Names of the interfaces it has. */
  readonly interfaces?: readonly string[];
  /** What it publishes, and where. */
  readonly publications?: readonly Publication[];
  /** How it is reached, for the tree of an MCAP; undefined: it is no Thing beside TIMs. */
  readonly service?: Pick<ThingResource, 'service' | 'protocol'> | undefined;
}

export interface AccountAgentOptions {
  readonly client: AccountConnection;
  /** What it begins with; `add` and `remove` change it later. */
  readonly devices: readonly HostedDevice[];
  /** There are devices that come and go. */
  readonly comeAndGo?: boolean | undefined;
  readonly registry: RegistryChoice | undefined;
  /** Whom to ask who may read and control the Things; undefined: owner and friends may. */
  readonly provisioning?: (Omit<ProvisioningSettings, 'store'> & { readonly secondary?: readonly Jid[] }) | undefined;
  readonly history: Jid | undefined;
  /** The service broker, which may keep documents about the Things. */
  readonly broker?: Jid | undefined;
  /** Where what there is is announced; undefined: nowhere. */
  readonly mcap?: Jid | undefined;
  /** TIMs whose channels are Things of this account. */
  readonly transducers?: readonly TransducerServices[] | undefined;
  /** Asks the policies about a write that came by the MCAP; when not given, there are none. */
  readonly mayWrite?: NcapAccess['mayWrite'] | undefined;
  readonly state: StateDatabase;
  readonly outbox: Outbox;
  readonly log: Logger;
}

/** Everything one account of the gateway does: speaks for its Things, polls them, uploads their readings. */
export class AccountAgent {
  readonly #options: AccountAgentOptions;
  readonly #host: ThingHost;
  readonly #past: HistorySource | undefined;
  readonly #uploader: Uploader | undefined;
  /** One for each service that is told who may read. */
  readonly #tellers: readonly ReadersTeller[];
  /** By the key of their node. */
  readonly #hosted = new Map<string, HostedDevice>();
  readonly #runners = new Map<string, DeviceRunner>();
  /** Items published by devices that have gone. */
  #publishedBefore = 0;
  readonly #stopping = new AbortController();
  #isRunning = false;
  #unsubscribe: Unsubscribe[] = [];
  #uploading: Promise<void> | undefined;
  readonly #mcap: McapAgent | undefined;

  constructor(options: AccountAgentOptions) {
    this.#options = options;
    const { client, devices, registry, provisioning, history, state, outbox, log } = options;
    const account = client.jid.bare.toString();
    for (const hosted of devices) this.#hosted.set(nodeKey(hosted.device.node), hosted);
    this.#past = history && storedHistory(client, history, { timeoutMs: HISTORY_TIMEOUT_MS });
    this.#host = new ThingHost({
      peer: client,
      things: devices.map(({ device }) => this.#withPast(device)),
      comeAndGo: options.comeAndGo,
      ownership: new StoredOwnership(state, account),
      subscriptions: new StoredSubscriptions(state, account),
      registry,
      ...(provisioning && {
        provisioning: {
          ...provisioning,
          store: new StoredAnswers(state, account, ''),
          secondary: (provisioning.secondary ?? []).map((server) => ({
            ...provisioning,
            server,
            store: new StoredAnswers(state, account, server.toString()),
          })),
        },
      }),
      friends: (thing) => this.#friendsOf(thing),
      interfaces: (thing) => this.#hostedAt(thing)?.interfaces ?? [],
      publications: (thing) => this.#hostedAt(thing)?.publications ?? [],
      name: devices[0]?.name,
      log,
    });
    this.#uploader = history && new Uploader(client, history, outbox, account, log);
    this.#mcap = options.mcap && this.#mcapAgent(options.mcap, account);
    const informed = informedServices({
      ...options,
      ownerOf: (thing) => {
        const { owner } = this.ownershipOf(thing);
        return owner === undefined ? undefined : Jid.parse(owner);
      },
    });
    this.#tellers = informed.map(
      (service) =>
        new ReadersTeller({
          client,
          service,
          accessTo: (thing) => this.#host.readAccess(thing),
          checksAgain: provisioning !== undefined,
          log,
        }),
    );
  }

  get client(): AccountConnection {
    return this.#options.client;
  }

  get devices(): readonly HostedDevice[] {
    return [...this.#hosted.values()];
  }

  /** Fields uploaded since the start. */
  get stored(): number {
    return this.#uploader?.stored ?? 0;
  }

  /** Items published since the start. */
  get published(): number {
    const publishers = [...this.#runners.values()].flatMap(({ publishers }) => publishers);
    return publishers.reduce((sum, { published }) => sum + published, this.#publishedBefore);
  }

  ownershipOf(thing: Thing): Ownership {
    return this.#host.ownershipOf(thing);
  }

  async start(): Promise<void> {
    const { client } = this.#options;
    servePing(client);
    await this.#host.start();
    this.#isRunning = true;
    this.#unsubscribe = [
      this.#host.onAccess((thing) => {
        this.#tell(thing);
        for (const publisher of this.#publishersOf(thing)) publisher.accessChanged();
      }),
      client.onOnline(() => {
        for (const { device } of this.#hosted.values()) this.#tell(device);
        this.#uploader?.wake();
      }),
    ];
    for (const hosted of this.#hosted.values()) this.#run(hosted);
    this.#uploading = this.#uploader?.run(this.#stopping.signal);
    this.#mcap?.start();
    client.start();
  }

  /** Speaks for a further device from now on. @throws Error when there is one with the same node; what loading its ownership throws */
  async add(hosted: HostedDevice): Promise<void> {
    const { device } = hosted;
    const key = nodeKey(device.node);
    if (this.#hosted.has(key)) throw new Error(`two Things have the node ${key}`);
    this.#hosted.set(key, hosted);
    try {
      await this.#host.add(this.#withPast(device));
    } catch (error) {
      if (this.#hosted.get(key) === hosted) this.#hosted.delete(key);
      throw error;
    }
    // It may have gone already, or all has.
    if (this.#hosted.get(key) !== hosted || !this.#isRunning) return;
    this.#run(hosted);
    this.#tell(device);
  }

  /** Speaks for a device no longer, and ends what goes on for it. What is to be uploaded and published of it stays so. */
  async remove({ node }: Pick<Device, 'node'>): Promise<void> {
    const key = nodeKey(node);
    const hosted = this.#hosted.get(key);
    if (!hosted) return;
    const runner = this.#runners.get(key);
    this.#hosted.delete(key);
    this.#runners.delete(key);
    for (const teller of this.#tellers) teller.forget(hosted.device);
    this.#host.remove(hosted.device);
    await runner?.stop();
    for (const { published } of runner?.publishers ?? []) this.#publishedBefore += published;
  }

  /** Ends polling, uploads what it can in a moment, and leaves the network. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#stopping.abort(new Error('the gateway stops'));
    await Promise.all([
      ...[...this.#runners.values()].map((runner) => runner.stop()),
      ...this.#tellers.map((teller) => teller.stop()),
      this.#uploading,
      this.#mcap?.stop(),
    ]);
    if (this.#options.client.state === 'online') {
      await this.#uploader?.uploadOnce(AbortSignal.timeout(2000)).catch(() => false);
    }
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#host.stop();
    await this.#options.client.stop();
  }

  #run({ device, publications = [] }: HostedDevice): void {
    const runner = new DeviceRunner({
      device,
      publishers: publications.map((publication) => this.#publisher(device, publication)),
      onFields: (fields) => this.#polled(device, fields),
      log: this.#options.log,
    });
    this.#runners.set(nodeKey(device.node), runner);
  }

  #withPast(device: Device): Thing {
    return this.#past ? withHistory(device, this.#past) : device;
  }

  #polled(device: Device, fields: readonly Field[]): void {
    this.#host.offer(device, fields);
    this.#keep(device, fields);
    this.#publish(device, fields);
  }

  #keep(device: Device, fields: readonly Field[]): void {
    if (!this.#uploader) return;
    // What says that a value is missing has none to be kept.
    const present = fields.filter(({ qos }) => !qos.includes('missing'));
    this.#options.outbox.put(this.#options.client.jid.bare.toString(), atNode(device, present));
  }

  #publish(device: Device, fields: readonly Field[]): void {
    for (const publisher of this.#publishersOf(device)) publisher.offer(atNode(device, fields));
  }

  #publishersOf({ node }: Thing): readonly Publisher[] {
    return this.#runners.get(nodeKey(node))?.publishers ?? [];
  }

  #publisher(device: Device, publication: Publication): Publisher {
    const { client, state, outbox, log } = this.#options;
    const { service, node } = publication.address;
    // Not the address of an account: the history must not get these, too.
    const queue = new StoredPublicationQueue(state, outbox, `publication ${client.jid.bare} ${service} ${node}`);
    return new Publisher({ peer: client, publication, queue, access: this.#host.readAccess(device), log });
  }

  /** Who may read the whole Thing may also ask the services about it. */
  #tell(thing: Thing): void {
    for (const teller of this.#tellers) teller.tell(thing);
  }

  #mcapAgent(mcap: Jid, account: string): McapAgent {
    const { client, devices, state, history, log, transducers = [], mayWrite = async () => true } = this.#options;
    const deviceAt = (node: NodeReference | undefined) => this.#hosted.get(nodeKey(node))?.device;
    return new McapAgent({
      peer: client,
      mcap,
      ncap: { id: ncapIdentity(state, account, nodeKey(undefined)), name: devices[0]?.name ?? account },
      transducers,
      things: devices.flatMap(({ name, device: { node }, service }) =>
        service ? [{ ...service, name, ...(node === undefined ? {} : { node }) }] : [],
      ),
      access: {
        readers: async (node) => {
          const device = deviceAt(node);
          return device ? wholeReaders(this.#host.readAccess(device)) : [];
        },
        mayRead: async (requester, node) => {
          const device = deviceAt(node);
          return device !== undefined && (await this.#host.readAccess(device).mayRead(requester)) === true;
        },
        mayControl: async (requester, node) => {
          const device = deviceAt(node);
          return device !== undefined && (await this.#host.mayControl(requester, device)) === true;
        },
        mayWrite,
        onChange: (handler) => this.#host.onAccess(() => handler()),
      },
      history,
      log,
    });
  }

  #friendsOf(thing: Thing): readonly Jid[] {
    return this.#hostedAt(thing)?.friends ?? [];
  }

  #hostedAt({ node }: Thing): HostedDevice | undefined {
    return this.#hosted.get(nodeKey(node));
  }
}

function atNode({ node }: Device, fields: readonly Field[]): readonly Field[] {
  return node === undefined ? fields : fields.map((field) => ({ ...field, node }));
}
