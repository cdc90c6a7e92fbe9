/** Bits of the attributes that Query TEDS answers, from the lowest up. @see IEEE 1451.0-2007 table 19 */
export const TEDS_ATTRIBUTES = [
  'read-only',
  'not-available',
  'invalid',
  'virtual',
  'text',
  'adaptive',
  'manufacturer-defined',
] as const;

/** The bit of a TEDS's status that says that what was written was too large. Bits 4 to 7 are the manufacturers'. @see IEEE 1451.0-2007 table 20 */
export const TEDS_TOO_LARGE = 0x01;

/** The offset of a reply to Read TEDS segment when there is no such TEDS. */
export const NO_TEDS_OFFSET = 0xffffffff;

/** States of a TIM. @see IEEE 1451.0-2007 §5.4 */
export const TIM_STATES = ['initializing', 'active', 'sleep'] as const;
export type TimState = (typeof TIM_STATES)[number];

/** States of a TransducerChannel. */
export const CHANNEL_STATES = ['initializing', 'idle', 'operating'] as const;
export type ChannelState = (typeof CHANNEL_STATES)[number];
