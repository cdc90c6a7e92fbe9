import type { Unsubscribe } from '@thingward/xmpp';
import type { Device } from './device.ts';

/** A device behind another one. It belongs to that, and has no meta data of its own. */
export interface DevicePart {
  /** For people. */
  readonly name: string;
  readonly device: Device;
}

/** Who speaks for parts while they are there. */
export interface PartHost {
  /** @throws Error when it can't, as when there is another with the same node */
  add(part: DevicePart): Promise<void>;
  remove(device: Pick<Device, 'node'>): Promise<void>;
}

/** A device with others behind it that come and go. @see XEP-0326 */
export interface Concentrator extends Device {
  /** Gives the host what is there and what comes, one after the other, and takes it back when it has gone. @returns ends it */
  serveParts(host: PartHost): Unsubscribe;
}
