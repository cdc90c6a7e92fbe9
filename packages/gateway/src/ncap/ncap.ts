import { EventEmitter } from 'node:events';
import { decodeTeds, Ieee1451Error, type Sample } from '@thingward/ieee1451';
import { TimClient, type TimLink, watchLink } from '@thingward/ieee1451/tim';
import type { NodeReference } from '@thingward/things';
import type { Logger } from '@thingward/xmpp';
import type { Ieee1451Config } from '../drivers/ieee1451/config.ts';
import { KnownTim } from './known-tim.ts';
import { TimReader } from './tim-description.ts';
import { TimDoors } from './tim-doors.ts';
import { timId } from './tim-id.ts';
import { TimSession } from './tim-session.ts';
import type { ChannelReading, TransducerEvents, TransducerServices } from './transducer-services.ts';

/** While a TIM says who it is and what it has, where it does not say itself how long it may take. */
const DEFAULT_TIMEOUT_MS = 5000;
const LEAST_TIMEOUT_MS = 100;
/** A TIM that seems to be there already is asked whether it is. */
const STILL_THERE_MS = 500;
/** TIMs that were turned away, of which that was said. */
const MAX_SAID = 1000;

export interface NcapOptions {
  /** UUID, the same after a restart. */
  readonly id: string;
  readonly name: string;
  readonly config: Ieee1451Config;
  /** `sourceId` of the nodes of its TIMs and channels. */
  readonly sourceId?: string | undefined;
  readonly log: Logger;
  readonly clock?: (() => Date) | undefined;
}

/** A Network Capable Application Processor: TIMs come to it and go, and it speaks for them. @see IEEE 1451.0-2007 §4 */
export class Ncap extends EventEmitter<TransducerEvents> implements TransducerServices {
  readonly id: string;
  readonly name: string;
  readonly #options: NcapOptions;
  readonly #config: Ieee1451Config;
  readonly #log: Logger;
  readonly #clock: () => Date;
  readonly #doors: TimDoors;
  readonly #tims = new Map<string, KnownTim>();
  readonly #clients = new Set<TimClient>();
  readonly #joining = new Set<Promise<void>>();
  readonly #said = new Set<string>();
  #isStopped = false;

  constructor(options: NcapOptions) {
    super();
    const { id, name, config, log, clock } = options;
    this.#options = options;
    this.id = id;
    this.name = name;
    this.#config = config;
    this.#log = log;
    this.#clock = clock ?? (() => new Date());
    this.#doors = new TimDoors({ config, onLink: (link) => this.#linked(link), log });
  }

  get tims(): readonly KnownTim[] {
    return [...this.#tims.values()];
  }

  /** Where it listens, once it does. */
  get ports(): { readonly tcp?: number; readonly udp?: number } {
    return this.#doors.ports;
  }

  start(): void {
    this.#doors.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const client of this.#clients) client.close();
    await Promise.all([this.#doors.stop(), ...this.#joining]);
    this.removeAllListeners();
  }

  /** A TIM that is gone is forgotten; one that is there is not. @returns whether it was */
  forget(id: string): boolean {
    return !this.#tims.get(id)?.isPresent && this.#tims.delete(id);
  }

  async read(id: string, channel: number, signal: AbortSignal): Promise<ChannelReading> {
    return this.#session(id).read(channel, signal);
  }

  /** The status-condition register of a channel. @throws as `read` */
  async readCondition(id: string, channel: number, signal: AbortSignal): Promise<number> {
    return this.#session(id).readCondition(channel, signal);
  }

  async write(id: string, channel: number, samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    await this.#session(id).write(channel, samples, signal);
  }

  async readTeds(id: string, channel: number, code: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#session(id).readTeds(channel, code, signal);
  }

  /** What the TIM says of itself may be another thing now: it joins anew. @throws Ieee1451Error also for octets that are no TEDS */
  async writeTeds(id: string, channel: number, octets: Uint8Array, signal: AbortSignal): Promise<void> {
    const { tedsClass } = decodeTeds(octets);
    const tim = this.#tims.get(id);
    await this.#session(id).writeTeds(channel, octets, tedsClass, signal);
    if (tim?.client) await this.#join(tim.client, tim.id);
  }

  #session(id: string): TimSession {
    const session = this.#tims.get(timId(id))?.session;
    if (!session) throw new Ieee1451Error('not-connected', `the TIM ${id} is not connected`);
    return session;
  }

  #linked(link: TimLink): void {
    if (this.#isStopped) {
      link.close();
      return;
    }
    const client = new TimClient(link, { timeoutMs: this.#config.timeoutMs ?? DEFAULT_TIMEOUT_MS });
    this.#clients.add(client);
    link.once('close', () => this.#clients.delete(client));
    watchLink(link, this.#config.silenceMs);
    const joining = this.#welcome(client).finally(() => this.#joining.delete(joining));
    this.#joining.add(joining);
  }

  async #welcome(client: TimClient): Promise<void> {
    const { link } = client;
    try {
      const uuid = await client.greet();
      this.#checkAdmitted(uuid);
      await this.#checkAlone(timId(uuid));
      await this.#join(client, uuid);
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
      if (!this.#isStopped) this.#sayOnce(`${link.name}: no TIM joined: ${error.message}`);
      link.close(error.message);
    }
  }

  #checkAdmitted(uuid: string): void {
    const { admit } = this.#config;
    if (admit === 'any' || admit.includes(timId(uuid))) return;
    throw new Ieee1451Error('refused', `it says that it is the TIM ${uuid}, which is not in ieee1451.admit`);
  }

  /** Of two that say they are the same TIM, the one that was there and still answers stays. */
  async #checkAlone(id: string): Promise<void> {
    const before = this.#tims.get(id)?.client;
    if (!before?.link.isOpen) return;
    const isThere = await before.greet({ timeoutMs: STILL_THERE_MS }).then(
      () => true,
      () => false,
    );
    if (isThere) throw new Ieee1451Error('refused', `it says that it is the TIM ${id}, which is connected already`);
    before.link.close('it came back by another way');
  }

  async #join(client: TimClient, uuid: string): Promise<void> {
    const { timeoutMs: configured, samples } = this.#config;
    const description = await new TimReader(client, { timeoutMs: configured }).describe(uuid);
    const timeoutMs =
      configured ?? Math.min(60_000, Math.max(LEAST_TIMEOUT_MS, description.timeoutMs ?? DEFAULT_TIMEOUT_MS));
    // Of the session before, where it joins anew.
    client.removeAllListeners('message');
    const session = new TimSession({ client, description, timeoutMs, samples, clock: this.#clock });
    await session.begin();
    if (!client.link.isOpen || this.#isStopped) throw new Ieee1451Error('not-connected', 'it has gone again');
    const { id } = description;
    const tim = this.#tims.get(id) ?? new KnownTim(id, (channel) => this.#nodeOf(id, channel));
    if (!this.#tims.has(id) && this.#tims.size >= this.#config.maxTims) {
      throw new Ieee1451Error('limit-exceeded', `there are ${this.#config.maxTims} TIMs already`);
    }
    this.#tims.set(id, tim);
    tim.joined(session, client);
    session.on('event', ({ number }, reading) => {
      const channel = tim.session === session && tim.channels.find((one) => one.number === number);
      if (channel) this.emit('event', tim, channel, reading);
    });
    client.removeAllListeners('close');
    client.once('close', (reason) => this.#lost(tim, client, reason ?? 'the NCAP closed the link'));
    const { troubles, channels } = description;
    // A warning, since the log of events is told of nothing less.
    this.#log.warn({ tim: id, name: tim.name, link: client.link.name, channels: channels.length }, 'a TIM has joined');
    for (const trouble of troubles) this.#log.warn({ tim: id }, `${tim.name}: ${trouble}`);
    this.emit('joined', tim);
  }

  #lost(tim: KnownTim, client: TimClient, reason: string): void {
    if (tim.client !== client) return;
    tim.left();
    if (this.#isStopped) return;
    this.#log.warn({ tim: tim.id, name: tim.name, reason }, 'a TIM was lost');
    this.emit('left', tim, reason);
  }

  #nodeOf(id: string, channel: number | undefined): NodeReference {
    const { sourceId } = this.#options;
    return { nodeId: channel === undefined ? id : `${id}/${channel}`, ...(sourceId === undefined ? {} : { sourceId }) };
  }

  /** Who is turned away comes again and again, each time from another port. */
  #sayOnce(message: string): void {
    const what = message.replace(/:\d+: /, ': ');
    this.#log[this.#said.has(what) ? 'debug' : 'warn']({}, message);
    if (this.#said.size >= MAX_SAID) this.#said.clear();
    this.#said.add(what);
  }
}
