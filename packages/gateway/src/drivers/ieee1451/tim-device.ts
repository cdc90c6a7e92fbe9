import type { Field, NodeReference, ReadoutSelection } from '@thingward/things';
import type { KnownTim } from '../../ncap/known-tim.ts';
import type { Device, PollSchedule } from '../device.ts';
import { connected, field, text } from '../fields.ts';
import { textFields, troubleFields } from './channel-identity.ts';

const STATUS_MS = 60_000;

export interface TimDeviceOptions {
  readonly tim: KnownTim;
  /** The Thing that the NCAP is. */
  readonly owner: Pick<Device, 'node'>;
  readonly clock: () => Date;
}

/** A TIM as a Thing: whether it is there, what its TEDS say, and what is wrong with them. */
export class TimDevice implements Device {
  readonly node: NodeReference;
  readonly parent: NodeReference | undefined;
  readonly belongsTo: Pick<Device, 'node'>;
  readonly metaTags = [];
  readonly parameters = [];
  readonly schedules: readonly PollSchedule[] = [{ name: 'status', intervalMs: STATUS_MS }];
  readonly #options: TimDeviceOptions;
  readonly #watchers = new Set<(fields: readonly Field[]) => void>();

  constructor(options: TimDeviceOptions) {
    this.#options = options;
    this.node = options.tim.node;
    this.parent = options.owner.node;
    this.belongsTo = options.owner;
  }

  async *read(_selection: ReadoutSelection): AsyncGenerator<readonly Field[]> {
    const { tim, clock } = this.#options;
    const now = clock();
    const identity = (name: string, value: Field['value']) => field(name, value, now, { types: ['identity'] });
    yield [
      identity('Name', text(tim.name)),
      identity('UUID', text(tim.id)),
      identity('Channels', { type: 'int', value: tim.channels.length }),
      ...textFields(tim.description?.texts ?? [], now),
      ...this.#status(),
    ];
  }

  async poll(): Promise<readonly Field[]> {
    return this.#status();
  }

  watch(onFields: (fields: readonly Field[]) => void): () => void {
    this.#watchers.add(onFields);
    return () => this.#watchers.delete(onFields);
  }

  /** It joined, or left. */
  changed(): void {
    for (const watcher of this.#watchers) watcher(this.#status());
  }

  parameterValue(): undefined {
    return undefined;
  }

  async set(): Promise<void> {}

  close(): void {
    this.#watchers.clear();
  }

  #status(): readonly Field[] {
    const { tim, clock } = this.#options;
    const now = clock();
    return [connected(tim.isPresent, now), ...troubleFields(tim.description?.troubles ?? [], now)];
  }
}
