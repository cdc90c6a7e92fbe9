/** Bits of the internal indications: IIN1 is the low octet, IIN2 the high one. @see IEEE 1815-2012 §4.2.2.6 */
export const IIN = {
  broadcast: 0x0001,
  class1Events: 0x0002,
  class2Events: 0x0004,
  class3Events: 0x0008,
  needTime: 0x0010,
  localControl: 0x0020,
  deviceTrouble: 0x0040,
  deviceRestart: 0x0080,
  functionNotSupported: 0x0100,
  objectUnknown: 0x0200,
  parameterError: 0x0400,
  eventBufferOverflow: 0x0800,
  alreadyExecuting: 0x1000,
  configurationCorrupt: 0x2000,
} as const;

/** Names of the bits in XML, lowest first. */
export const IIN_NAMES: readonly string[] = [
  'broadcast',
  'class-1-events',
  'class-2-events',
  'class-3-events',
  'need-time',
  'local-control',
  'device-trouble',
  'device-restart',
  'function-not-supported',
  'object-unknown',
  'parameter-error',
  'event-buffer-overflow',
  'already-executing',
  'configuration-corrupt',
  'reserved-1',
  'reserved-2',
];

/** Bits that say that a request was not done. */
export const IIN_REFUSALS = IIN.functionNotSupported | IIN.objectUnknown | IIN.parameterError | IIN.alreadyExecuting;
export const IIN_EVENTS = IIN.class1Events | IIN.class2Events | IIN.class3Events;
