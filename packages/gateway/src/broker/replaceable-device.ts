import type {
  ControlParameter,
  Field,
  MetaTag,
  NodeReference,
  ParameterValue,
  ReadoutSelection,
} from '@thingward/things';
import type { Logger, Unsubscribe } from '@thingward/xmpp';
import type { Device } from '../drivers/device.ts';
import { poll } from '../poller.ts';

/** A device with points, as drivers make them of a list. */
export type PointDevice = Device & Required<Pick<Device, 'confirm' | 'readParameters'>>;

/**
 * A device whose list of points may change while it runs: then another takes its place, and the Thing stays the same. What was begun
 * with the one before is finished with it. It polls by itself, by the schedules of the device that is there.
 */
export class ReplaceableDevice implements Device {
  readonly node: NodeReference | undefined;
  readonly parent: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly schedules = [];
  readonly #log: Logger;
  #device: PointDevice;
  #onFields: ((fields: readonly Field[]) => void) | undefined;
  #stops: Unsubscribe[] = [];
  #isClosed = false;

  constructor(device: PointDevice, log: Logger) {
    this.node = device.node;
    this.parent = device.parent;
    this.metaTags = device.metaTags;
    this.#device = device;
    this.#log = log;
  }

  /** Another device takes its place, of the same node. */
  replace(device: PointDevice): void {
    if (this.#isClosed) {
      device.close();
      return;
    }
    this.#halt();
    this.#device.close();
    this.#device = device;
    this.#run();
  }

  get parameters(): readonly ControlParameter[] {
    return this.#device.parameters;
  }

  read(selection: ReadoutSelection, signal: AbortSignal) {
    return this.#device.read(selection, signal);
  }

  parameterValue(name: string): ParameterValue | undefined {
    return this.#device.parameterValue(name);
  }

  set(...args: Parameters<Device['set']>): Promise<void> {
    return this.#device.set(...args);
  }

  confirm(...args: Parameters<PointDevice['confirm']>): Promise<readonly string[]> {
    return this.#device.confirm(...args);
  }

  readParameters(...args: Parameters<PointDevice['readParameters']>): Promise<ReadonlyMap<string, ParameterValue>> {
    return this.#device.readParameters(...args);
  }

  poll(schedule: string, signal: AbortSignal): Promise<readonly Field[]> {
    return this.#device.poll(schedule, signal);
  }

  watch(onFields: (fields: readonly Field[]) => void): Unsubscribe {
    this.#onFields = onFields;
    this.#run();
    return () => {
      this.#onFields = undefined;
      this.#halt();
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#halt();
    this.#device.close();
  }

  #run(): void {
    const onFields = this.#onFields;
    if (!onFields || this.#isClosed) return;
    const device = this.#device;
    const polling = new AbortController();
    this.#stops.push(() => polling.abort(new Error('the device was replaced')));
    const stopWatching = device.watch?.(onFields);
    if (stopWatching) this.#stops.push(stopWatching);
    for (const schedule of device.schedules) void poll(device, schedule, onFields, polling.signal, this.#log);
  }

  #halt(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}
