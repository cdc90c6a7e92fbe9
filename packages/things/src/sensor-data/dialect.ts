import type { Element } from '@thingward/xml';
import type { DialectName } from '../thing/dialect-names.ts';
import type { Accepted, ReadoutId, ReadoutMessage, ReadoutRequest } from './codec.ts';
import type { FieldType } from './field.ts';

/** One way to write read-outs. What is written is the same in all of them, as far as each has a place for it. */
export interface ReadoutDialect {
  readonly name: DialectName;
  /** Of all its payloads: who speaks it says so by this feature. */
  readonly namespace: string;
  /** The kind of request that takes back a read-out. */
  readonly cancelType: 'get' | 'set';
  /** The attribute that says which read-out a payload is of. */
  readonly idAttribute: string;

  /** Encoders throw PayloadError for what can't be written, decoders for what is malformed. */
  encodeRequest(request: ReadoutRequest): Element;
  decodeRequest(element: Element): ReadoutRequest;
  encodeAccepted(accepted: Accepted): Element;
  decodeAccepted(element: Element): Accepted;
  encodeCancel(seqnr: ReadoutId): Element;
  decodeCancel(element: Element): ReadoutId;
  /** The answer to it; undefined: an empty result. */
  encodeCancelled(seqnr: ReadoutId): Element | undefined;
  encodeMessage(message: ReadoutMessage): Element;
  /** A message, encoded as one that others follow, as the one that nothing follows. */
  asLast(element: Element): Element;
  /**
   * What a payload says, in order.
   * @param defaultZone where timestamps without a time zone are from; local time when not given
   */
  decodeMessages(element: Element, defaultZone?: string): readonly ReadoutMessage[];
  /** The kinds of fields that come when these are asked for: more where the dialect does not tell them apart. */
  tellable(types: readonly FieldType[]): readonly FieldType[];
}
