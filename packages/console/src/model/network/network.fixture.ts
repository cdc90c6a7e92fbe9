import type {
  AddressedReading,
  NcapResource,
  TimResource,
  TransducerInterface,
  TreeChange,
} from '@thingward/ieee1451/mcap';
import type { NetworkConnection } from './network-connection.ts';

const SINCE = new Date('2026-01-01T00:00:00Z');

export const NCAP_ID = '6e636170-0000-4000-8000-000000000001';
export const TIM_ID = '7468696e-6777-6172-6400-000000000001';

/** A TIM with a sensor and an actuator. */
export function boiler(rest: Partial<TimResource> = {}): TimResource {
  return {
    id: TIM_ID,
    name: 'Boiler',
    node: { nodeId: 'boiler' },
    isPresent: true,
    since: SINCE,
    channels: [
      { number: 1, name: 'Water temperature', kind: 'sensor', node: { nodeId: 'boiler/1' } },
      { number: 3, name: 'Gas valve', kind: 'actuator', node: { nodeId: 'boiler/3' } },
    ],
    ...rest,
  };
}

/** An NCAP with the boiler and two other Things. */
export function gateway(rest: Partial<NcapResource> = {}): NcapResource {
  return {
    id: NCAP_ID,
    name: 'Plant',
    jid: 'plant@localhost',
    isPresent: true,
    since: SINCE,
    tims: [boiler()],
    things: [
      { service: 'legacy-adapter', protocol: 'modbus', name: 'Tank', node: { nodeId: 'tank' } },
      { service: 'direct-io', name: 'Host' },
    ],
    ...rest,
  };
}

/** An MCAP that is the test. */
export class TestNetwork implements NetworkConnection {
  ncaps: readonly NcapResource[] = [gateway()];
  readonly asked: string[] = [];
  readonly #changes = new Set<(change: TreeChange) => void>();
  readonly #events = new Set<(reading: AddressedReading) => void>();

  onFollow: () => Promise<void> = async () => {};
  onDiscover: () => Promise<readonly NcapResource[]> = async () => this.ncaps;
  onInterface: () => Promise<TransducerInterface> = async () => {
    throw new Error('nothing is described');
  };
  onRead: () => Promise<AddressedReading> = async () => {
    throw new Error('nothing is read');
  };
  onWrite: () => Promise<void> = async () => {};

  discover(): Promise<readonly NcapResource[]> {
    this.asked.push('discover');
    return this.onDiscover();
  }

  follow(): Promise<void> {
    this.asked.push('follow');
    return this.onFollow();
  }

  async unfollow(): Promise<void> {
    this.asked.push('unfollow');
  }

  onChange(handler: (change: TreeChange) => void): () => void {
    this.#changes.add(handler);
    return () => this.#changes.delete(handler);
  }

  onEvent(handler: (reading: AddressedReading) => void): () => void {
    this.#events.add(handler);
    return () => this.#events.delete(handler);
  }

  interfaceOf(): Promise<TransducerInterface> {
    this.asked.push('interface');
    return this.onInterface();
  }

  read(): Promise<AddressedReading> {
    this.asked.push('read');
    return this.onRead();
  }

  write(_address: unknown, samples: readonly unknown[]): Promise<void> {
    this.asked.push(`write ${samples.join(' ')}`);
    return this.onWrite();
  }

  change(change: TreeChange): void {
    for (const handler of this.#changes) handler(change);
  }

  tell(reading: AddressedReading): void {
    for (const handler of this.#events) handler(reading);
  }
}
