import type { ThingResource } from '@thingward/ieee1451/mcap';
import {
  type Field,
  type MetaTag,
  type NodeReference,
  nodeKey,
  type Ownership,
  type ProvisioningSettings,
  type Publication,
  Publisher,
  pause,
  type RegistryChoice,
  storedHistory,
  type Thing,
  ThingHost,
  withHistory,
} from '@thingward/things';
import { Jid, type Logger, servePing, type Unsubscribe, type XmppClient, type XmppPeer } from '@thingward/xmpp';
import type { Device } from './drivers/device.ts';
import { type InformedService, informedServices, isAbsent } from './informed-services.ts';
import { McapAgent } from './ncap/mcap-agent.ts';
import type { NcapAccess } from './ncap/ncap-access.ts';
import type { TransducerServices } from './ncap/transducer-services.ts';
import { poll } from './poller.ts';
import { StoredAnswers } from './state/answer-store.ts';
import { ncapId } from './state/ncap-id.ts';
import type { Outbox } from './state/outbox.ts';
import { StoredOwnership } from './state/ownership-store.ts';
import { StoredPublicationQueue } from './state/publication-queue.ts';
import type { StateDatabase } from './state/state-database.ts';
import { StoredSubscriptions } from './state/subscription-store.ts';
import { Uploader } from './uploader.ts';

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
const READERS_CHECK_MS = 600_000;
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

/** The connection of an account, kept up between start and stop. */
export type AccountConnection = XmppPeer & Pick<XmppClient, 'state' | 'start' | 'stop' | 'ready'>;

export interface AccountAgentOptions {
  readonly client: AccountConnection;
  readonly devices: readonly HostedDevice[];
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
  readonly #uploader: Uploader | undefined;
  readonly #publishers = new Map<Device, readonly Publisher[]>();
  readonly #stopping = new AbortController();
  #unsubscribe: Unsubscribe[] = [];
  #loops: Promise<void>[] = [];
  readonly #mcap: McapAgent | undefined;
  readonly #telling = new Map<Thing, AbortController>();
  readonly #tellings = new Set<Promise<void>>();
  readonly #informed: readonly InformedService[];

  constructor(options: AccountAgentOptions) {
    this.#options = options;
    const { client, devices, registry, provisioning, history, state, outbox, log } = options;
    const account = client.jid.bare.toString();
    this.#informed = informedServices({
      ...options,
      ownerOf: (thing) => {
        const { owner } = this.ownershipOf(thing);
        return owner === undefined ? undefined : Jid.parse(owner);
      },
    });
    const past = history && storedHistory(client, history, { timeoutMs: HISTORY_TIMEOUT_MS });
    this.#host = new ThingHost({
      peer: client,
      things: devices.map(({ device }) => (past ? withHistory(device, past) : device)),
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
      interfaces: (thing) => this.#hosted(thing)?.interfaces ?? [],
      publications: (thing) => this.#hosted(thing)?.publications ?? [],
      name: devices[0]?.name,
      log,
    });
    this.#uploader = history && new Uploader(client, history, outbox, account, log);
    this.#mcap = options.mcap && this.#mcapAgent(options.mcap, account);
    for (const { device, publications = [] } of devices) {
      this.#publishers.set(
        device,
        publications.map((publication) => this.#publisher(device, publication)),
      );
    }
  }

  get client(): AccountConnection {
    return this.#options.client;
  }

  get devices(): readonly HostedDevice[] {
    return this.#options.devices;
  }

  /** Fields uploaded since the start. */
  get stored(): number {
    return this.#uploader?.stored ?? 0;
  }

  /** Items published since the start. */
  get published(): number {
    return [...this.#publishers.values()].flat().reduce((sum, { published }) => sum + published, 0);
  }

  ownershipOf(thing: Thing): Ownership {
    return this.#host.ownershipOf(thing);
  }

  async start(): Promise<void> {
    const { client, devices, log } = this.#options;
    const { signal } = this.#stopping;
    servePing(client);
    await this.#host.start();
    this.#unsubscribe = [
      this.#host.onAccess((thing) => {
        this.#tellReaders(thing);
        for (const publisher of this.#publishersOf(thing)) publisher.accessChanged();
      }),
      client.onOnline(() => {
        for (const { device } of devices) this.#tellReaders(device);
        this.#uploader?.wake();
      }),
    ];
    for (const { device } of devices) {
      const stopWatching = device.watch?.((fields) => this.#polled(device, fields));
      if (stopWatching) this.#unsubscribe.push(stopWatching);
      for (const schedule of device.schedules) {
        this.#loops.push(poll(device, schedule, (fields) => this.#polled(device, fields), signal, log));
      }
    }
    if (this.#uploader) this.#loops.push(this.#uploader.run(signal));
    this.#mcap?.start();
    for (const publisher of [...this.#publishers.values()].flat()) this.#loops.push(publisher.run(signal));
    client.start();
  }

  /** Ends polling, uploads what it can in a moment, and leaves the network. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    await Promise.all([...this.#loops, ...this.#tellings, this.#mcap?.stop()]);
    for (const { device } of this.#options.devices) device.close();
    if (this.#options.client.state === 'online') {
      await this.#uploader?.uploadOnce(AbortSignal.timeout(2000)).catch(() => false);
    }
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#host.stop();
    await this.#options.client.stop();
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
    const key = nodeKey(node);
    return [...this.#publishers].flatMap(([device, publishers]) => (nodeKey(device.node) === key ? publishers : []));
  }

  #publisher(device: Device, publication: Publication): Publisher {
    const { client, state, outbox, log } = this.#options;
    const { service, node } = publication.address;
    // Not the address of an account: the history must not get these, too.
    const queue = new StoredPublicationQueue(state, outbox, `publication ${client.jid.bare} ${service} ${node}`);
    return new Publisher({ peer: client, publication, queue, access: this.#host.readAccess(device), log });
  }

  #mcapAgent(mcap: Jid, account: string): McapAgent {
    const { client, devices, state, history, log, transducers = [], mayWrite = async () => true } = this.#options;
    const deviceAt = (node: NodeReference | undefined) =>
      devices.find(({ device }) => nodeKey(device.node) === nodeKey(node))?.device;
    return new McapAgent({
      peer: client,
      mcap,
      ncap: { id: ncapId(state, account), name: devices[0]?.name ?? account },
      transducers,
      things: devices.flatMap(({ name, device: { node }, service }) =>
        service ? [{ ...service, name, ...(node === undefined ? {} : { node }) }] : [],
      ),
      access: {
        readers: async (node) => {
          const device = deviceAt(node);
          return device ? this.#readersOf(device) : [];
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
    return this.#hosted(thing)?.friends ?? [];
  }

  #hosted(thing: Thing): HostedDevice | undefined {
    return this.#options.devices.find(({ device }) => nodeKey(device.node) === nodeKey(thing.node));
  }

  /** Who may read the whole Thing may also ask the history about it, and the broker. What was being told before is out of date. */
  #tellReaders(thing: Thing): void {
    if (this.#stopping.signal.aborted) return;
    this.#telling.get(thing)?.abort(new Error('there is newer news'));
    const telling = new AbortController();
    this.#telling.set(thing, telling);
    const signal = AbortSignal.any([this.#stopping.signal, telling.signal]);
    for (const service of this.#informed) {
      const told = this.#tellUntilKnown(service, thing, signal);
      this.#tellings.add(told);
      void told.finally(() => this.#tellings.delete(told));
    }
  }

  /**
   * Goes on until the service has understood, or until there is no connection: then the next one begins anew. A provisioning
   * server that gave no answer may give one later: it is asked again now and then.
   */
  async #tellUntilKnown(service: InformedService, thing: Thing, signal: AbortSignal): Promise<void> {
    const { client, provisioning, log } = this.#options;
    let told: string | undefined;
    for (let failures = 0; !signal.aborted && client.state === 'online'; failures++) {
      try {
        const readers = await this.#readersOf(thing);
        if (readers.join() !== told) await service.tell(thing, readers, signal);
        if (!provisioning) return;
        told = readers.join();
        failures = -1;
        await pause(READERS_CHECK_MS, signal);
      } catch (error) {
        if (signal.aborted || (service.isOptional && isAbsent(error))) return;
        const waitMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10));
        const { message: reason } = error as Error;
        const details = { account: client.jid.bare.toString(), node: nodeKey(thing.node), reason, waitMs };
        log[failures === 0 ? 'warn' : 'debug'](details, `the ${service.title} was not told who may read`);
        await pause(waitMs * (0.5 + Math.random() / 2), signal);
      }
    }
  }

  /** The services know no parts of a Thing: who may read some fields only is not among them. */
  async #readersOf(thing: Thing): Promise<readonly Jid[]> {
    const access = this.#host.readAccess(thing);
    const readers: Jid[] = [];
    for (const reader of access.readers()) if ((await access.mayRead(reader)) === true) readers.push(reader);
    return readers;
  }
}

function atNode({ node }: Device, fields: readonly Field[]): readonly Field[] {
  return node === undefined ? fields : fields.map((field) => ({ ...field, node }));
}
