import { IEEE1451_NAMESPACE } from '@thingward/ieee1451';
import {
  type AddressedReading,
  decodeHistory,
  decodeInterfaceRequest,
  decodeRead,
  decodeWrite,
  encodeEvent,
  encodeInterface,
  encodeReading,
  type Forwarded,
  type NcapResource,
  type Operation,
  type ThingResource,
  type TransducerAddress,
} from '@thingward/ieee1451/mcap';
import type { Element } from '@thingward/xml';
import { type IqRequest, Jid, type Logger, message, PeerError, StanzaError, type Unsubscribe } from '@thingward/xmpp';
import type { AccountConnection } from '../account-connection.ts';
import { Announcer } from './announcer.ts';
import { readChannelHistory } from './channel-history.ts';
import { channelOf, TedsReader } from './channel-interface.ts';
import { asStanzaError } from './mcap-errors.ts';
import type { NcapAccess } from './ncap-access.ts';
import type { ChannelReading, NcapChannel, NcapTim, TransducerServices } from './transducer-services.ts';

/** Less than the MCAP waits for an answer. */
const TIM_TIMEOUT_MS = 12_000;

export interface McapAgentOptions {
  readonly peer: AccountConnection;
  readonly mcap: Jid;
  /** The NCAP that the account itself is, for Things that are no channels, and where there are no TIMs. */
  readonly ncap: { readonly id: string; readonly name: string };
  /** Those that are there from the start. */
  readonly transducers: readonly TransducerServices[];
  /** Things behind the account that are no channels. */
  readonly things: readonly ThingResource[];
  /** What carries messages to the TIMs' NCAPs where it is not here that they are connected. */
  readonly protocol?: string | undefined;
  readonly access: NcapAccess;
  readonly history: Jid | undefined;
  readonly log: Logger;
}

interface Addressed {
  readonly transducers: TransducerServices;
  readonly tim: NcapTim;
  /** Undefined: the TIM itself. */
  readonly channel: NcapChannel | undefined;
}

/**
 * The NCAP's side of the exchanges with an MCAP: announces what there is, and answers for its TIMs. It believes its MCAP, and nobody
 * else, on whose behalf it asks, and decides about each request as if that one had asked itself.
 */
export class McapAgent {
  readonly #options: McapAgentOptions;
  readonly #announcer: Announcer;
  readonly #transducers = new Map<TransducerServices, { readonly teds: TedsReader; readonly stop: Unsubscribe }>();
  readonly #stopping = new AbortController();
  #stops: Unsubscribe[] = [];
  #announcing: Promise<void> | undefined;

  constructor(options: McapAgentOptions) {
    const { peer, mcap, access, log } = options;
    this.#options = options;
    this.#announcer = new Announcer({ peer, mcap, access, log, ncaps: () => this.#ncaps() });
  }

  start(): void {
    const { peer, transducers } = this.#options;
    for (const one of transducers) this.add(one);
    const answer = (type: 'get' | 'set', name: string, handler: (request: IqRequest) => Promise<Element | undefined>) =>
      peer.onIq(type, { name, namespace: IEEE1451_NAMESPACE }, async (request) => {
        try {
          return await handler(request);
        } catch (error) {
          throw asStanzaError(error, name === 'write');
        }
      });
    this.#stops = [
      answer('get', 'interface', (request) => this.#interface(request)),
      answer('get', 'read', (request) => this.#read(request)),
      answer('get', 'history', (request) => this.#history(request)),
      answer('set', 'write', (request) => this.#write(request)),
    ];
    this.#announcing = this.#announcer.run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the NCAP stops'));
    for (const stop of this.#stops.splice(0)) stop();
    for (const { stop } of this.#transducers.values()) stop();
    await this.#announcing;
  }

  /** There are more TIMs, of another NCAP. */
  add(transducers: TransducerServices): void {
    if (this.#transducers.has(transducers)) return;
    const teds = new TedsReader(transducers);
    this.#transducers.set(transducers, { teds, stop: this.#listen(transducers, teds) });
    this.#announcer.wake();
  }

  /** An NCAP is gone, with its TIMs. */
  remove(transducers: TransducerServices): void {
    this.#transducers.get(transducers)?.stop();
    this.#transducers.delete(transducers);
    this.#announcer.wake();
  }

  /** What the MCAP is told that there is. */
  #ncaps(): readonly NcapResource[] {
    const { ncap, things, protocol } = this.#options;
    const withTims = [...this.#transducers.keys()].map(
      (one, i): NcapResource => ({
        id: one.id,
        name: one.name,
        isPresent: true,
        ...(protocol === undefined ? {} : { protocol }),
        tims: one.tims.map(({ id, name, node, isPresent, channels }) => ({
          id,
          name,
          node,
          isPresent,
          channels: channels.map((channel) => ({ ...channel })),
        })),
        // An account with TIMs is one NCAP, with everything it has.
        things: i === 0 ? things : [],
      }),
    );
    if (withTims.length > 0) return withTims;
    return things.length > 0 ? [{ ...ncap, isPresent: true, tims: [], things }] : [];
  }

  #listen(transducers: TransducerServices, teds: TedsReader): Unsubscribe {
    const changed = ({ id }: NcapTim) => {
      teds.forget(id);
      this.#announcer.wake();
    };
    const event = (tim: NcapTim, channel: NcapChannel, reading: ChannelReading) => {
      void this.#event(transducers, tim, channel, reading);
    };
    transducers.on('joined', changed).on('left', changed).on('event', event);
    return () => {
      transducers.off('joined', changed).off('left', changed).off('event', event);
    };
  }

  async #event(
    transducers: TransducerServices,
    { id: tim }: NcapTim,
    { number: channel }: NcapChannel,
    { samples, time }: ChannelReading,
  ): Promise<void> {
    const { peer, mcap } = this.#options;
    if (peer.state !== 'online') return;
    const unit = await this.#unitOf(transducers, tim, channel);
    try {
      const reading = { ncap: transducers.id, tim, channel, time, ...unit, samples };
      peer.send(message('normal', { to: mcap }, encodeEvent(reading)));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
    }
  }

  async #interface(request: IqRequest): Promise<Element> {
    const { originator, ...address } = decodeInterfaceRequest(request.payload);
    const requester = this.#requester(request, { originator });
    const { transducers, tim, channel } = this.#find(address);
    await this.#checkRead(requester, channel?.node ?? tim.node);
    const reader = this.#readerOf(transducers);
    const signal = AbortSignal.timeout(TIM_TIMEOUT_MS);
    const teds = await reader.read(tim.id, channel?.number ?? 0, signal);
    if (!channel) return encodeInterface({ ...address, name: tim.name, operations: [], teds });
    const { kind, name, node } = channel;
    const operations: Operation[] = kind === 'actuator' ? [] : ['read', 'stream'];
    if (kind === 'actuator' && (await this.#options.access.mayControl(requester, node))) operations.push('write');
    if (this.#options.history) operations.push('history');
    const described = await reader.describe(tim.id, channel.number, signal);
    return encodeInterface({ ...address, kind, name, ...described, operations, teds });
  }

  async #read(request: IqRequest): Promise<Element> {
    const { originator, ...address } = decodeRead(request.payload);
    const requester = this.#requester(request, { originator });
    const { transducers, tim, channel } = this.#findChannel(address);
    await this.#checkRead(requester, channel.node);
    const reading = await transducers.read(tim.id, channel.number, AbortSignal.timeout(TIM_TIMEOUT_MS));
    const unit = await this.#unitOf(transducers, tim.id, channel.number);
    return encodeReading({ ...address, ...unit, time: reading.time, samples: reading.samples });
  }

  async #write(request: IqRequest): Promise<undefined> {
    const { originator, samples, ...address } = decodeWrite(request.payload);
    const requester = this.#requester(request, { originator });
    const { transducers, tim, channel } = this.#findChannel(address);
    const { access, log, peer } = this.#options;
    if (!(await access.mayControl(requester, channel.node))) throw denied();
    if (channel.kind !== 'actuator') throw new StanzaError('not-allowed', `channel ${channel.number} is no actuator`);
    if (samples.length === 0) throw new StanzaError('bad-request', '<write> without a <sample>');
    if (!(await access.mayWrite(requester, channel.node, address, samples))) throw denied();
    log.info({ account: peer.jid.bare.toString(), requester: requester.toString(), ...address }, 'a channel is set');
    await transducers.write(tim.id, channel.number, samples, AbortSignal.timeout(TIM_TIMEOUT_MS));
  }

  async #history(request: IqRequest): Promise<Element> {
    const wanted = decodeHistory(request.payload);
    const requester = this.#requester(request, wanted);
    const { channel } = this.#findChannel(wanted);
    await this.#checkRead(requester, channel.node);
    const { history, peer } = this.#options;
    if (!history) throw new StanzaError('feature-not-implemented', 'nothing of this NCAP is stored');
    return readChannelHistory(peer, history, channel.node, wanted, request.payload);
  }

  /** Whom the MCAP asks for. @throws StanzaError `forbidden` for everybody but the MCAP */
  #requester({ from }: IqRequest, { originator }: Forwarded): Jid {
    if (!from.bare.equals(this.#options.mcap.bare)) {
      throw new StanzaError('forbidden', `an NCAP answers its MCAP, which is ${this.#options.mcap}`);
    }
    const requester = Jid.tryParse(originator);
    if (!requester) throw new StanzaError('bad-request', 'the originator is missing, or no JID');
    return requester.bare;
  }

  async #checkRead(requester: Jid, node: NcapChannel['node']): Promise<void> {
    if (!(await this.#options.access.mayRead(requester, node))) throw denied();
  }

  #findChannel(address: TransducerAddress): Addressed & { readonly channel: NcapChannel } {
    const { channel, ...found } = this.#find(address);
    if (!channel) throw new StanzaError('item-not-found', 'a channel is needed');
    return { ...found, channel };
  }

  #find({ ncap, tim: id, channel: number = 0 }: TransducerAddress): Addressed {
    const transducers = [...this.#transducers.keys()].find((one) => one.id === ncap);
    const tim = transducers?.tims.find((one) => one.id === id);
    if (!transducers || !tim) throw new StanzaError('item-not-found', `there is no TIM ${id}`);
    if (number === 0) return { transducers, tim, channel: undefined };
    const channel = channelOf(tim, number);
    if (!channel) throw new StanzaError('item-not-found', `there is no channel ${number} of ${tim.name}`);
    return { transducers, tim, channel };
  }

  /** A reading without its unit is better than none. */
  async #unitOf(
    transducers: TransducerServices,
    tim: string,
    channel: number,
  ): Promise<Pick<AddressedReading, 'unit'>> {
    try {
      const { unit } = await this.#readerOf(transducers).describe(tim, channel, AbortSignal.timeout(TIM_TIMEOUT_MS));
      return unit === undefined ? {} : { unit };
    } catch (error) {
      this.#options.log.debug({ tim, channel, reason: (error as Error).message }, 'the unit of a channel is not known');
      return {};
    }
  }

  #readerOf(transducers: TransducerServices): TedsReader {
    return this.#transducers.get(transducers)?.teds ?? new TedsReader(transducers);
  }
}

function denied(): StanzaError {
  return new StanzaError('forbidden', 'Access denied.', { type: 'cancel' });
}
