/** The flags of a point, lowest bit first, as far as they say nothing of its state. @see IEEE 1815-2012 §11.6 */
const COMMON = ['online', 'restart', 'comm-lost', 'remote-forced', 'local-forced'] as const;

export const BINARY_FLAGS: readonly string[] = [...COMMON, 'chatter-filter', 'reserved-6'];
export const DOUBLE_BIT_FLAGS: readonly string[] = [...COMMON, 'chatter-filter'];
export const BINARY_OUTPUT_FLAGS: readonly string[] = [...COMMON, 'reserved-5', 'reserved-6'];
export const COUNTER_FLAGS: readonly string[] = [...COMMON, 'rollover', 'discontinuity', 'reserved-7'];
export const ANALOG_FLAGS: readonly string[] = [...COMMON, 'over-range', 'reference-error', 'reserved-7'];

export const FLAG = {
  online: 0x01,
  restart: 0x02,
  commLost: 0x04,
  remoteForced: 0x08,
  localForced: 0x10,
  chatterFilter: 0x20,
  /** Of counters. */
  rollover: 0x20,
  /** Of analogs. */
  overRange: 0x20,
  /** Of counters. */
  discontinuity: 0x40,
  /** Of analogs. */
  referenceError: 0x40,
} as const;

/** States of double-bit inputs. @see IEEE 1815-2012 §11.9.3 */
export const DOUBLE_BIT_STATES: readonly string[] = ['intermediate', 'off', 'on', 'indeterminate'];
