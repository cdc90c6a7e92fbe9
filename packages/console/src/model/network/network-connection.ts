import type { Sample } from '@thingward/ieee1451';
import type {
  AddressedReading,
  ChannelAddress,
  NcapResource,
  TransducerAddress,
  TransducerInterface,
  TreeChange,
} from '@thingward/ieee1451/mcap';
import type { Unsubscribe } from '@thingward/xmpp';

/**
 * What the console asks of the MCAP of its server. Errors are those of `@thingward/xmpp`, and `Ieee1451Error` for answers that are none.
 * @throws StanzaError `item-not-found` by every request where the server has no MCAP
 */
export interface NetworkConnection {
  /** All NCAPs that we may see, with what they have. */
  discover(signal: AbortSignal): Promise<readonly NcapResource[]>;
  /** Has changes and events told to us until `unfollow`, or until we are gone. */
  follow(signal: AbortSignal): Promise<void>;
  unfollow(): Promise<void>;
  /** Called for each change of the tree. */
  onChange(handler: (change: TreeChange) => void): Unsubscribe;
  /** Called for what a channel tells by itself. */
  onEvent(handler: (reading: AddressedReading) => void): Unsubscribe;
  /** What a channel is, or a TIM (no channel). */
  interfaceOf(address: TransducerAddress, signal: AbortSignal): Promise<TransducerInterface>;
  read(address: ChannelAddress, signal: AbortSignal): Promise<AddressedReading>;
  /** Sets an actuator, once. */
  write(address: ChannelAddress, samples: readonly Sample[]): Promise<void>;
}
