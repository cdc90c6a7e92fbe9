import type { Field, MetaTag, NodeReference, ReadoutSelection } from '@thingward/things';
import type { Logger, Unsubscribe } from '@thingward/xmpp';
import type { KnownTim } from '../../ncap/known-tim.ts';
import type { Ncap } from '../../ncap/ncap.ts';
import type { ChannelReading, NcapChannel, NcapTim } from '../../ncap/transducer-services.ts';
import type { Concentrator, PartHost } from '../concentrator.ts';
import type { Device, PollSchedule } from '../device.ts';
import { field, text } from '../fields.ts';
import { identityFields } from '../identity.ts';
import { ChannelDevice } from './channel-device.ts';
import type { Ieee1451Config } from './config.ts';
import { TimDevice } from './tim-device.ts';

const STATUS_MS = 60_000;
const MINUTE_MS = 60_000;

export interface NcapDeviceOptions {
  readonly node?: NodeReference | undefined;
  readonly parent?: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly config: Ieee1451Config;
  readonly ncap: Ncap;
  readonly log: Logger;
  readonly clock?: () => Date;
}

/** What there is of a TIM at the host. */
interface Parts {
  readonly fingerprint: string;
  readonly tim: TimDevice;
  readonly channels: ReadonlyMap<number, ChannelDevice>;
  forgetting?: ReturnType<typeof setTimeout> | undefined;
}

/**
 * An NCAP as a Thing, with its TIMs behind it and their channels behind those. A TIM that has gone stays for a while, as one that is not
 * connected; one that comes back with other TEDS is another one.
 */
export class NcapDevice implements Concentrator {
  readonly node: NodeReference | undefined;
  readonly parent: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly parameters = [];
  readonly schedules: readonly PollSchedule[] = [{ name: 'status', intervalMs: STATUS_MS }];
  readonly #options: NcapDeviceOptions;
  readonly #clock: () => Date;
  readonly #parts = new Map<string, Parts>();
  readonly #watchers = new Set<(fields: readonly Field[]) => void>();
  /** Parts come and go one after the other. */
  #lastChange: Promise<void> = Promise.resolve();
  #host: PartHost | undefined;

  constructor(options: NcapDeviceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => new Date());
    this.node = options.node;
    this.parent = options.parent;
    this.metaTags = options.metaTags;
  }

  async *read({ types }: ReadoutSelection): AsyncGenerator<readonly Field[]> {
    const now = this.#clock();
    const { ncap } = this.#options;
    if (types.length === 0 || types.includes('identity')) {
      yield [...identityFields(this.metaTags, now), field('UUID', text(ncap.id), now, { types: ['identity'] })];
    }
    yield this.#status();
  }

  async poll(): Promise<readonly Field[]> {
    return this.#status();
  }

  watch(onFields: (fields: readonly Field[]) => void): () => void {
    this.#watchers.add(onFields);
    return () => this.#watchers.delete(onFields);
  }

  serveParts(host: PartHost): Unsubscribe {
    const { ncap } = this.#options;
    this.#host = host;
    const joined = (tim: NcapTim) => this.#changed(() => this.#joined(tim as KnownTim));
    const left = ({ id }: NcapTim) => this.#changed(async () => this.#left(id));
    const told = ({ id }: NcapTim, { number }: NcapChannel, reading: ChannelReading) =>
      this.#parts.get(id)?.channels.get(number)?.told(reading);
    ncap.on('joined', joined);
    ncap.on('left', left);
    ncap.on('event', told);
    for (const tim of ncap.tims) joined(tim);
    return () => {
      this.#host = undefined;
      ncap.off('joined', joined);
      ncap.off('left', left);
      ncap.off('event', told);
      for (const { forgetting } of this.#parts.values()) clearTimeout(forgetting);
    };
  }

  parameterValue(): undefined {
    return undefined;
  }

  async set(): Promise<void> {}

  close(): void {
    this.#watchers.clear();
  }

  #changed(change: () => Promise<void>): void {
    this.#lastChange = this.#lastChange
      .then(change)
      .then(() => {
        for (const watcher of this.#watchers) watcher(this.#status());
      })
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'a TIM can not be shown as a Thing'));
  }

  async #joined(tim: KnownTim): Promise<void> {
    const fingerprint = tim.description?.fingerprint ?? '';
    const before = this.#parts.get(tim.id);
    clearTimeout(before?.forgetting);
    if (before?.fingerprint !== fingerprint) {
      if (before) await this.#remove(tim.id, before);
      await this.#add(tim, fingerprint);
    }
    this.#parts.get(tim.id)?.tim.changed();
  }

  #left(id: string): void {
    const parts = this.#parts.get(id);
    if (!parts) return;
    parts.tim.changed();
    clearTimeout(parts.forgetting);
    parts.forgetting = setTimeout(
      () => this.#changed(() => this.#forget(id)),
      Math.min(this.#options.config.forgetMinutes * MINUTE_MS, 2 ** 31 - 1),
    );
    parts.forgetting.unref();
  }

  async #forget(id: string): Promise<void> {
    const parts = this.#parts.get(id);
    if (parts && this.#options.ncap.forget(id)) await this.#remove(id, parts);
  }

  async #add(tim: KnownTim, fingerprint: string): Promise<void> {
    const { ncap, config, log } = this.#options;
    const clock = this.#clock;
    const common = { ncap, tim, config, owner: this, log, clock };
    const channels = tim.channels.flatMap((channel) => {
      const description = tim.description?.channels.find(({ number }) => number === channel.number);
      return description ? [new ChannelDevice({ ...common, channel, description })] : [];
    });
    const parts: Parts = {
      fingerprint,
      tim: new TimDevice({ tim, owner: this, clock }),
      channels: new Map(channels.map((device, i) => [tim.channels[i]?.number ?? 0, device])),
    };
    this.#parts.set(tim.id, parts);
    await this.#host?.add({ name: tim.name, device: parts.tim });
    for (const [number, device] of parts.channels) {
      const name = tim.channels.find((channel) => channel.number === number)?.name ?? '';
      await this.#host?.add({ name: `${tim.name}: ${name}`, device });
    }
  }

  async #remove(id: string, { tim, channels }: Parts): Promise<void> {
    this.#parts.delete(id);
    for (const device of [...channels.values(), tim] satisfies Device[]) await this.#host?.remove(device);
  }

  #status(): readonly Field[] {
    const { tims } = this.#options.ncap;
    const count = (value: number): Field['value'] => ({ type: 'int', value });
    const now = this.#clock();
    const present = tims.filter(({ isPresent }) => isPresent).length;
    return [
      field('TIMs', count(present), now, { types: ['status'] }),
      field('Lost TIMs', count(tims.length - present), now, { types: ['status'] }),
    ];
  }
}
