import type { Element } from '@thingward/xml';
import type { ReadoutId } from '../sensor-data/codec.ts';
import type { ReadoutDialect } from '../sensor-data/dialect.ts';
import type { EventSubscription } from './codec.ts';

/** One way to write subscriptions to events. */
export interface EventDialect {
  /** Of its payloads: who speaks it says so by this feature. */
  readonly namespace: string;
  /** How events are told. */
  readonly readout: ReadoutDialect;

  /** Encoders throw PayloadError for what can't be written, decoders for what is malformed. */
  encodeSubscribe(subscription: EventSubscription): Element;
  decodeSubscribe(element: Element): EventSubscription;
  encodeUnsubscribe(seqnr: ReadoutId): Element;
  decodeUnsubscribe(element: Element): ReadoutId;
}
