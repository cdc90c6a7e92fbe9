import type { Field, Publisher } from '@thingward/things';
import type { Logger, Unsubscribe } from '@thingward/xmpp';
import type { Device } from './drivers/device.ts';
import { poll } from './poller.ts';

export interface DeviceRunnerOptions {
  readonly device: Device;
  readonly publishers: readonly Publisher[];
  readonly onFields: (fields: readonly Field[]) => void;
  readonly log: Logger;
}

/** What goes on for one device while it is there: it is polled, listened to and published. */
export class DeviceRunner {
  readonly publishers: readonly Publisher[];
  readonly #device: Device;
  readonly #stopping = new AbortController();
  readonly #loops: readonly Promise<void>[];
  readonly #stopWatching: Unsubscribe | undefined;

  constructor({ device, publishers, onFields, log }: DeviceRunnerOptions) {
    this.#device = device;
    this.publishers = publishers;
    const { signal } = this.#stopping;
    this.#stopWatching = device.watch?.(onFields);
    this.#loops = [
      ...device.schedules.map((schedule) => poll(device, schedule, onFields, signal, log)),
      ...publishers.map((publisher) => publisher.run(signal)),
    ];
  }

  /** Ends all of it, and waits for the end. What it published is kept. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the device is not needed any more'));
    await Promise.all(this.#loops);
    this.#stopWatching?.();
    this.#device.close();
  }
}
