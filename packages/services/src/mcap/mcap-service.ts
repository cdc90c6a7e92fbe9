import { IEEE1451_NAMESPACE, Ieee1451Error } from '@thingward/ieee1451';
import {
  type AddressedReading,
  type ChannelAddress,
  decodeAnnouncement,
  decodeEvent,
  decodeHistory,
  decodeInterface,
  decodeInterfaceRequest,
  decodeMcapReaders,
  decodeRead,
  decodeReading,
  decodeReadings,
  decodeStop,
  decodeStream,
  decodeTreeChange,
  decodeWrite,
  encodeHistory,
  encodeInterface,
  encodeInterfaceRequest,
  encodeRead,
  encodeReading,
  encodeReadings,
  encodeStreaming,
  encodeWrite,
  type TransducerAddress,
  type TransducerInterface,
} from '@thingward/ieee1451/mcap';
import type { Element } from '@thingward/xml';
import {
  findResultSetRequest,
  type IqRequest,
  type Jid,
  type Logger,
  PING,
  RESULT_SET,
  type Received,
  SILENT_LOGGER,
  StanzaError,
  serveDisco,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { KeyedLock } from '../keyed-lock.ts';
import { isServedBy, isServiceBeside } from '../served-domain.ts';
import { Tasks } from '../tasks.ts';
import { checkAnnouncement, checkReaders } from './checks.ts';
import { decoded } from './decoded.ts';
import { Followers } from './followers.ts';
import { DEFAULT_MCAP_LIMITS, type McapLimits } from './limits.ts';
import { McapTree } from './mcap-tree.ts';
import { NcapRequests, noAnswer } from './ncap-requests.ts';
import { answerNetworkMessage } from './network-messages.ts';
import { type NcapChange, ResourceStore, type StoredNcap } from './resource-store.ts';
import { Streams } from './streams.ts';
import type { McapTables } from './tables.ts';
import { findChannel } from './visible.ts';

export interface McapOptions {
  /** Its `jid` is the MCAP's. */
  readonly peer: XmppPeer;
  /** Migrated with `mcapMigrations`. */
  readonly database: Kysely<McapTables>;
  /** Sees the whole tree; what may be read and set, NCAPs say to everybody. */
  readonly isAdministrator?: ((jid: Jid) => Promise<boolean>) | undefined;
  /** Who may announce NCAPs; when not given, every address of the domain that the MCAP's own lies under, and the services beside it. */
  readonly accepts?: (announcer: Jid) => boolean;
  readonly limits?: Partial<McapLimits>;
  readonly log?: Logger;
  readonly clock?: () => Date;
  /** Pause between two looks for leases that are over, in ms; 5,000 when not given. */
  readonly leaseCheckMs?: number;
}

const FORGETTING_PAUSE_MS = 3_600_000;

/**
 * The server side of IEEE 1451: NCAPs announce themselves to it, and applications ask it for them. It shows everybody what the NCAPs say
 * that they may read, and passes reads and writes on with the name of who asks: it is the NCAP that decides. What it can't see or what
 * is not there is the same to whoever asks.
 * @see P21451-1-4; docs/mcap.md
 */
export class McapService {
  readonly #peer: XmppPeer;
  readonly #options: McapOptions;
  readonly #limits: McapLimits;
  /** Milliseconds since 1970. */
  readonly #now: () => number;
  readonly #log: Logger;
  readonly #tasks: Tasks;
  readonly #store: ResourceStore;
  readonly #tree: McapTree;
  readonly #ncaps: NcapRequests;
  readonly #followers: Followers;
  readonly #streams: Streams;
  /** Changes of one NCAP, and what is told of them, are in order. */
  readonly #changes = new KeyedLock();
  #stops: Unsubscribe[] = [];

  constructor(options: McapOptions) {
    const { peer, log = SILENT_LOGGER, clock = () => new Date() } = options;
    const now = () => clock().getTime();
    this.#now = now;
    this.#peer = peer;
    this.#options = options;
    this.#limits = { ...DEFAULT_MCAP_LIMITS, ...options.limits };
    this.#log = log;
    this.#tasks = new Tasks((error) => log.error({ err: error }, 'a task of the MCAP failed'));
    this.#store = new ResourceStore(options.database, this.#limits, now);
    this.#tree = new McapTree(this.#store, this.#limits, options.isAdministrator);
    this.#ncaps = new NcapRequests(peer, this.#limits);
    this.#followers = new Followers(peer, this.#limits, (ncap, jid) => this.#tree.readable(ncap, jid), log);
    this.#streams = new Streams(
      peer,
      this.#limits,
      this.#tasks,
      (requester, address, signal) => this.#read(requester, address, signal),
      now,
    );
  }

  /** Begins to answer. */
  async start(): Promise<void> {
    const peer = this.#peer;
    const identities = [{ category: 'component', type: 'generic', name: 'MCAP' }];
    const iq = (type: 'get' | 'set', name: string, handler: (request: IqRequest) => Promise<Element | undefined>) =>
      peer.onIq(type, { name, namespace: IEEE1451_NAMESPACE }, (request) => this.#tasks.run(() => handler(request)));
    const set = (name: string, handler: (request: IqRequest) => Promise<Element | undefined>) =>
      iq('set', name, handler);
    const get = (name: string, handler: (request: IqRequest) => Promise<Element | undefined>) =>
      iq('get', name, handler);
    this.#stops = [
      serveDisco(peer, { identities, features: [IEEE1451_NAMESPACE, RESULT_SET, PING] }),
      servePing(peer),
      set('announce', (request) => this.#announced(request)),
      set('left', (request) => this.#departed(request)),
      set('readers', (request) => this.#setReaders(request)),
      get('discover', ({ from, payload }) => this.#tree.discover(from, payload)),
      get('interface', async ({ from, payload }) => {
        const address = decoded(decodeInterfaceRequest, payload);
        return encodeInterface(await this.#describe(from, address));
      }),
      get('read', async ({ from, payload }) => {
        const address = decoded(decodeRead, payload);
        return encodeReading(await this.#read(from, address));
      }),
      set('write', (request) => this.#write(request)),
      get('history', (request) => this.#history(request)),
      set('stream', async ({ from, payload }) => {
        const wanted = decoded(decodeStream, payload);
        return encodeStreaming(await this.#streams.open(from, wanted));
      }),
      set('stop', async ({ from, payload }) => {
        this.#streams.close(from, decoded(decodeStop, payload).stream);
        return undefined;
      }),
      set('follow', async ({ from }) => {
        this.#followers.add(from);
        return undefined;
      }),
      set('unfollow', async ({ from }) => {
        this.#followers.remove(from);
        return undefined;
      }),
      get('message', ({ from, payload }) => this.#networkMessage(from, payload)),
      peer.onMessage({ name: 'event', namespace: IEEE1451_NAMESPACE }, (received, payload) =>
        this.#event(received, payload),
      ),
      peer.onMessage({ namespace: IEEE1451_NAMESPACE }, ({ from, type }) => {
        // What was told came back: nobody is there.
        if (type === 'error') this.#isGone(from);
      }),
      peer.onPresence((received) => this.#presence(received)),
      this.#tasks.every(this.#options.leaseCheckMs ?? 5000, () => this.#endLeases()),
      this.#tasks.every(FORGETTING_PAUSE_MS, () => this.#store.forget()),
    ];
  }

  /** Stops answering, and waits for what is under way. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#streams.closeAll();
    this.#followers.clear();
    await this.#tasks.stop();
  }

  async #announced({ from, payload }: IqRequest): Promise<undefined> {
    const accepts =
      this.#options.accepts ?? ((jid: Jid) => isServedBy(jid, this.#peer.jid) || isServiceBeside(jid, this.#peer.jid));
    if (!accepts(from.bare)) throw new StanzaError('forbidden', 'this MCAP is not for NCAPs of your domain');
    const announcement = decoded(decodeAnnouncement, payload);
    checkAnnouncement(announcement.ncap, this.#limits);
    await this.#change(announcement.ncap.id, () => this.#store.announce(from, announcement));
  }

  /** An NCAP says that it goes. */
  async #departed({ from, payload }: IqRequest): Promise<undefined> {
    const { ncap, reason } = decoded(decodeTreeChange, payload);
    if (ncap.isPresent) throw new StanzaError('bad-request', 'an NCAP that leaves is not present');
    await this.#ownNcap(from, ncap.id);
    await this.#change(ncap.id, () => this.#store.depart(ncap.id, () => true), reason ?? 'it left');
  }

  async #setReaders({ from, payload }: IqRequest): Promise<undefined> {
    const readers = checkReaders(decoded(decodeMcapReaders, payload), this.#limits);
    await this.#changes.run(readers.ncap, async () => {
      const { ncap } = await this.#ownNcap(from, readers.ncap);
      const before = await this.#store.replaceReaders(from, readers);
      await this.#followers.readersChanged(ncap, readers.node, before, readers.readers);
    });
  }

  async #describe(from: Jid, address: TransducerAddress): Promise<TransducerInterface> {
    const stored = await this.#tree.findAddressed(from, address);
    const request = encodeInterfaceRequest({ ...plain(address), originator: from.bare.toString() });
    return answered(decodeInterface, await this.#ncaps.ask(from, stored, request));
  }

  async #read(from: Jid, address: ChannelAddress, signal?: AbortSignal): Promise<AddressedReading> {
    const stored = await this.#tree.findAddressed(from, address);
    const request = encodeRead({ ...plain(address), originator: from.bare.toString() });
    return answered(decodeReading, await this.#ncaps.ask(from, stored, request, signal));
  }

  async #write({ from, payload }: IqRequest): Promise<undefined> {
    const { samples, ...address } = decoded(decodeWrite, payload);
    if (samples.length === 0) throw new StanzaError('bad-request', '<write> without a <sample>');
    if (samples.length > this.#limits.samplesPerWrite) {
      throw new StanzaError('policy-violation', `a write has at most ${this.#limits.samplesPerWrite} samples`);
    }
    const stored = await this.#tree.findAddressed(from, address);
    const request = { ...plain(address), samples, originator: from.bare.toString() };
    await this.#ncaps.write(from, stored, encodeWrite(request));
  }

  /** The NCAP may ask for its own history, and knows who may have it. */
  async #history({ from, payload }: IqRequest): Promise<Element> {
    const { from: earliest, to: latest, ...address } = decoded(decodeHistory, payload);
    const part = payload.child('set', RESULT_SET);
    if (part) findResultSetRequest(payload);
    const stored = await this.#tree.findAddressed(from, address);
    const request = encodeHistory({
      ...plain(address),
      originator: from.bare.toString(),
      ...(earliest ? { from: earliest } : {}),
      ...(latest ? { to: latest } : {}),
    });
    const answer = await this.#ncaps.ask(from, stored, part ? request.append(part) : request);
    const readings = encodeReadings(answered(decodeReadings, answer));
    const page = answer.child('set', RESULT_SET);
    return page ? readings.append(page) : readings;
  }

  #networkMessage(from: Jid, payload: Element): Promise<Element> {
    return answerNetworkMessage(payload, {
      discover: async (id) => {
        if (id !== undefined) return [(await this.#tree.find(from, id)).ncap];
        const { ncaps } = await this.#tree.page(from, {});
        return ncaps.filter(({ isPresent }) => isPresent);
      },
      describe: (address) => this.#describe(from, address),
      read: (address) => this.#read(from, address),
    });
  }

  async #event({ from, type }: Received, payload: Element): Promise<void> {
    if (type === 'error') return;
    const reading = decoded(decodeEvent, payload);
    const { ncap } = await this.#ownNcap(from, reading.ncap);
    const channel = findChannel(ncap, reading.tim, reading.channel);
    if (!channel) throw new StanzaError('item-not-found', 'the channel of the event was not announced');
    await this.#followers.event(reading, channel.node);
  }

  async #presence({ from, type }: Received): Promise<void> {
    if (type !== 'unavailable' && type !== 'error') return;
    this.#isGone(from);
    if (!from.isFull) return;
    for (const id of await this.#store.presentAt(from)) {
      const isThat = (row: { readonly address: string }) => row.address === from.toString();
      await this.#change(id, () => this.#store.depart(id, isThat), 'it is not connected any more');
    }
  }

  #isGone(jid: Jid): void {
    this.#followers.remove(jid);
    this.#streams.closeAllOf(jid);
  }

  async #endLeases(): Promise<void> {
    const now = this.#now();
    for (const id of await this.#store.overdue()) {
      const isOver = (row: { readonly lease_until: number | string }) => Number(row.lease_until) < now;
      await this.#change(id, () => this.#store.depart(id, isOver), 'it has not been heard of for too long');
    }
  }

  async #change(id: string, change: () => Promise<NcapChange | undefined>, reason?: string): Promise<void> {
    await this.#changes.run(id, async () => {
      const changed = await this.#storing(change);
      if (changed) await this.#followers.changed(changed, reason);
    });
  }

  /** A database that cannot write is no reason to give up for who asked: it may try again. */
  async #storing<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (error instanceof StanzaError) throw error;
      this.#log.error({ err: error }, 'the database refused to write');
      throw new StanzaError('internal-server-error', 'nothing was stored; try again later', { type: 'wait' });
    }
  }

  /** The NCAP of who speaks for it. @throws StanzaError `item-not-found` for anybody else */
  async #ownNcap(from: Jid, id: string): Promise<StoredNcap> {
    const stored = await this.#store.find(id);
    if (stored?.address.bare.equals(from.bare)) return stored;
    throw new StanzaError('item-not-found', `you have announced no NCAP ${id}`);
  }
}

/** Without what only an MCAP says. */
function plain<T extends TransducerAddress>({ ncap, tim, channel }: T): Pick<T, 'ncap' | 'tim' | 'channel'> {
  return { ncap, tim, ...(channel === undefined ? {} : { channel }) } as Pick<T, 'ncap' | 'tim' | 'channel'>;
}

/** An answer that can't be understood is none. */
function answered<T>(decode: (element: Element) => T, answer: Element): T {
  try {
    return decode(answer);
  } catch (error) {
    if (error instanceof Ieee1451Error) throw noAnswer(`what it answered can't be understood (${error.message})`);
    throw error;
  }
}
