import type { StreamEvent } from '@thingward/xml';

/** Makes events of a stream's bytes, whatever they are coded in. */
export interface StreamInput {
  /** Bytes of one element as XML; may be changed on the way, as when the other side has authenticated. */
  maxElementBytes: number;
  /** How much was pushed and is not yet part of an event. */
  readonly pendingBytes: number;
  /** Adds bytes. They must not change afterwards. */
  push(chunk: Uint8Array): void;
  /** The next event; undefined when more bytes are needed. @throws XmlError; it is of no use afterwards */
  next(): StreamEvent | undefined;
  /** Expects a new stream header next. */
  restart(): void;
  /** Takes out the bytes that are not yet part of an event. */
  takePending(): Uint8Array;
}
