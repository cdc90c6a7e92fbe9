import type { Jid } from '@thingward/xmpp';
import type { ControlParameter, ParameterValue } from '../control/parameter.ts';
import type { MetaTag } from '../discovery/meta-tag.ts';
import type { Field, FieldType } from '../sensor-data/field.ts';
import type { NodeReference } from './node.ts';
import type { Tokens } from './payload.ts';

/** What a read-out asks of one Thing. @see XEP-0323 §3.4 */
export interface ReadoutSelection {
  /** Kinds of fields wanted; empty: all kinds. */
  readonly types: readonly FieldType[];
  /** Names of fields wanted; empty: all. */
  readonly names: readonly string[];
  /** Only fields with a timestamp at or after. */
  readonly from?: Date | undefined;
  /** Only fields with a timestamp at or before. */
  readonly to?: Date | undefined;
  /** Of delegated trust, as the requester gave them: for a Thing that has to ask others on its behalf. @see XEP-0323 §7 */
  readonly tokens?: Tokens | undefined;
}

/**
 * Anything with fields or control parameters: what a driver implements, and all that the network side knows of it.
 * Ownership, friendship and the wire are not its business.
 */
export interface Thing {
  /** Undefined: the JID itself is this Thing. */
  readonly node?: NodeReference | undefined;
  /** The node it is a part of, which need be no Thing itself: reading that reads this, too. @see XEP-0323 §5.8 */
  readonly parent?: NodeReference | undefined;
  /**
   * The Thing it belongs to, as a part of what is owned as a whole: whoever owns that and is trusted by it owns this and is trusted by this. It has no
   * meta data to be registered and claimed with.
   */
  readonly belongsTo?: Pick<Thing, 'node'> | undefined;
  /** Meta data it registers with (KEY included), in the order of its QR code. @see XEP-0347 §3.5 */
  readonly metaTags: readonly MetaTag[];
  /**
   * Reads it, giving fields in batches as they come in, so that several messages can carry them.
   * Gives a superset of the selection at will: the network side filters.
   * @throws ReadoutError for a device that can't be read; what came before it counts
   */
  read(selection: ReadoutSelection, signal: AbortSignal): AsyncIterable<readonly Field[]>;
  /** Its control parameters, in the order of the control form. */
  readonly parameters: readonly ControlParameter[];
  /** The present value of a parameter, for its control form; undefined when it is not known. */
  parameterValue(name: string): ParameterValue | undefined;
  /**
   * Sets parameters, each of them declared, of the declared type and within its bounds: all, or none where the device can.
   * @throws ParameterError when the device refuses one; ControlUnknownError when the outcome is not known
   */
  set(values: ReadonlyMap<string, ParameterValue>, signal: AbortSignal, context?: ControlContext): Promise<void>;
  /**
   * Reads back what was set: the names of those parameters whose value the device has now, as far as it can hold it. Without this
   * method the network side reads the fields of the same names.
   * @throws any error when the device can't be read; nothing is confirmed then
   */
  confirm?(values: ReadonlyMap<string, ParameterValue>, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Reads the present values of parameters from the device, for forms that were asked for before `parameterValue` knew them; those it
   * can't tell are left out.
   * @throws any error when the device can't be read
   */
  readParameters?(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ParameterValue>>;
  /**
   * The parameters it has when some of them have these values, where that makes a difference: others, other bounds, some that can't be
   * set. Those that it depends on are marked `postBack`.
   * @see XEP-0336 §3.1
   */
  parametersFor?(values: ReadonlyMap<string, ParameterValue>): readonly ControlParameter[];
}

/** Who gives a command. */
export interface ControlContext {
  /** Full JID. */
  readonly requester: Jid;
  /** Of delegated trust, for a Thing that has to pass the command on. @see XEP-0325 §5.6 */
  readonly tokens: Tokens;
}

/** A device could not be read. The message says what and why, for people. */
export class ReadoutError extends Error {
  override readonly name = 'ReadoutError';
  readonly code = 'readout-failed';
}

/** Somebody else is at work on the device: the command can be tried again later. @see XEP-0325 §5.1 */
export class ThingBusyError extends Error {
  override readonly name = 'ThingBusyError';
  readonly code = 'busy';
}

/** A write was sent and its answer lost: it may have happened or not. Never retried. */
export class ControlUnknownError extends Error {
  override readonly name = 'ControlUnknownError';
  readonly code = 'outcome-unknown';
}
