import {
  CONTROL_CODE,
  type Field,
  flags,
  float,
  STATE_AND_STATUS,
  STATUS,
  signed,
  stateFlags,
  TIME,
  unsigned,
} from './fields.ts';
import { ANALOG_FLAGS, BINARY_FLAGS, BINARY_OUTPUT_FLAGS, COUNTER_FLAGS, DOUBLE_BIT_FLAGS } from './flags.ts';

/** How the objects of a group and variation are in octets. */
export type Layout =
  | { readonly kind: 'fields'; readonly fields: readonly Field[]; readonly size: number }
  /** Packed, the first lowest, filled up to octets. */
  | { readonly kind: 'bits'; readonly width: 1 | 2 }
  /** A fixed number of octets that are not looked into. */
  | { readonly kind: 'octets'; readonly size: number }
  /** A data type, a length and as many octets. @see IEEE 1815-2012 A.1 */
  | { readonly kind: 'attribute' }
  /** Octets whose number is said in a prefix. */
  | { readonly kind: 'free' }
  /** There are no data. */
  | { readonly kind: 'none' };

/** A group and variation that is known. */
export interface ObjectType {
  readonly group: number;
  readonly variation: number;
  readonly name: string;
  /** Name of each object in XML. */
  readonly element: string;
  readonly layout: Layout;
}

interface Group {
  readonly name: string;
  readonly element: string;
  readonly variations: Readonly<Record<number, readonly [name: string, layout: Layout]>>;
  /** Variations that are not listed. */
  readonly other?: (variation: number) => readonly [name: string, layout: Layout];
}

const fields = (...list: readonly Field[]): Layout => ({
  kind: 'fields',
  fields: list,
  size: list.reduce((sum, { size }) => sum + size, 0),
});
const opaque = (size: number): Layout => ({ kind: 'octets', size });
const BITS: Layout = { kind: 'bits', width: 1 };
const BIT_PAIRS: Layout = { kind: 'bits', width: 2 };
const FREE: Layout = { kind: 'free' };
const NONE: Layout = { kind: 'none' };

const BINARY = stateFlags(BINARY_FLAGS, 1);
const DOUBLE_BIT = stateFlags(DOUBLE_BIT_FLAGS, 2);
const OUTPUT = stateFlags(BINARY_OUTPUT_FLAGS, 1);
const COUNTER = flags(COUNTER_FLAGS);
const ANALOG = flags(ANALOG_FLAGS);
const AFTER = unsigned('relativeTime', 2, 'afterMs');
const COUNT_16 = unsigned('value', 2);
const COUNT_32 = unsigned('value', 4);
const INT_16 = signed(2);
const INT_32 = signed(4);
const FLOAT = float(4);
const DOUBLE = float(8);
const COMMAND = [
  CONTROL_CODE,
  unsigned('count', 1),
  unsigned('onTime', 4, 'onTimeMs'),
  unsigned('offTime', 4, 'offTimeMs'),
  STATUS,
] as const;
const CHALLENGE = unsigned('challenge', 4);
const USER = unsigned('user', 2);

/** The variations that inputs and outputs with analog values have as events. */
const analogEvents = (...head: readonly Field[]): Group['variations'] => ({
  1: ['32-bit', fields(...head, INT_32)],
  2: ['16-bit', fields(...head, INT_16)],
  3: ['32-bit, with time', fields(...head, INT_32, TIME)],
  4: ['16-bit, with time', fields(...head, INT_16, TIME)],
  5: ['single-precision', fields(...head, FLOAT)],
  6: ['double-precision', fields(...head, DOUBLE)],
  7: ['single-precision, with time', fields(...head, FLOAT, TIME)],
  8: ['double-precision, with time', fields(...head, DOUBLE, TIME)],
});

/** The variations that counters have as events. */
const COUNTER_EVENTS: Group['variations'] = {
  1: ['32-bit', fields(COUNTER, COUNT_32)],
  2: ['16-bit', fields(COUNTER, COUNT_16)],
  3: ['32-bit delta', fields(COUNTER, COUNT_32)],
  4: ['16-bit delta', fields(COUNTER, COUNT_16)],
  5: ['32-bit, with time', fields(COUNTER, COUNT_32, TIME)],
  6: ['16-bit, with time', fields(COUNTER, COUNT_16, TIME)],
  7: ['32-bit delta, with time', fields(COUNTER, COUNT_32, TIME)],
  8: ['16-bit delta, with time', fields(COUNTER, COUNT_16, TIME)],
};

const octetStrings = (name: string): Group => ({
  name,
  element: 'octetString',
  variations: {},
  other: (variation) => [`${variation} octets`, opaque(variation)],
});

/** Every object that is known, by group: name, element in XML, variations. @see IEEE 1815-2012 Annex A */
const GROUPS: Readonly<Record<number, Group>> = {
  0: {
    name: 'Device attribute',
    element: 'attribute',
    variations: { 254: ['all attributes', NONE] },
    other: (variation) => [String(variation), { kind: 'attribute' }],
  },
  1: {
    name: 'Binary input',
    element: 'binary',
    variations: { 1: ['packed', BITS], 2: ['with flags', fields(BINARY)] },
  },
  2: {
    name: 'Binary input event',
    element: 'binary',
    variations: {
      1: ['without time', fields(BINARY)],
      2: ['with time', fields(BINARY, TIME)],
      3: ['with relative time', fields(BINARY, AFTER)],
    },
  },
  3: {
    name: 'Double-bit binary input',
    element: 'doubleBit',
    variations: { 1: ['packed', BIT_PAIRS], 2: ['with flags', fields(DOUBLE_BIT)] },
  },
  4: {
    name: 'Double-bit binary input event',
    element: 'doubleBit',
    variations: {
      1: ['without time', fields(DOUBLE_BIT)],
      2: ['with time', fields(DOUBLE_BIT, TIME)],
      3: ['with relative time', fields(DOUBLE_BIT, AFTER)],
    },
  },
  10: {
    name: 'Binary output',
    element: 'binary',
    variations: { 1: ['packed', BITS], 2: ['with flags', fields(OUTPUT)] },
  },
  11: {
    name: 'Binary output event',
    element: 'binary',
    variations: { 1: ['without time', fields(OUTPUT)], 2: ['with time', fields(OUTPUT, TIME)] },
  },
  12: {
    name: 'Binary output command',
    element: 'control',
    variations: {
      1: ['control relay output block', fields(...COMMAND)],
      2: ['pattern control block', fields(...COMMAND)],
      3: ['pattern mask', BITS],
    },
  },
  13: {
    name: 'Binary output command event',
    element: 'binaryCommand',
    variations: { 1: ['without time', fields(STATE_AND_STATUS)], 2: ['with time', fields(STATE_AND_STATUS, TIME)] },
  },
  20: {
    name: 'Counter',
    element: 'counter',
    variations: {
      1: ['32-bit, with flag', fields(COUNTER, COUNT_32)],
      2: ['16-bit, with flag', fields(COUNTER, COUNT_16)],
      3: ['32-bit delta, with flag', fields(COUNTER, COUNT_32)],
      4: ['16-bit delta, with flag', fields(COUNTER, COUNT_16)],
      5: ['32-bit, without flag', fields(COUNT_32)],
      6: ['16-bit, without flag', fields(COUNT_16)],
      7: ['32-bit delta, without flag', fields(COUNT_32)],
      8: ['16-bit delta, without flag', fields(COUNT_16)],
    },
  },
  21: {
    name: 'Frozen counter',
    element: 'counter',
    variations: {
      1: ['32-bit, with flag', fields(COUNTER, COUNT_32)],
      2: ['16-bit, with flag', fields(COUNTER, COUNT_16)],
      3: ['32-bit delta, with flag', fields(COUNTER, COUNT_32)],
      4: ['16-bit delta, with flag', fields(COUNTER, COUNT_16)],
      5: ['32-bit, with flag and time', fields(COUNTER, COUNT_32, TIME)],
      6: ['16-bit, with flag and time', fields(COUNTER, COUNT_16, TIME)],
      7: ['32-bit delta, with flag and time', fields(COUNTER, COUNT_32, TIME)],
      8: ['16-bit delta, with flag and time', fields(COUNTER, COUNT_16, TIME)],
      9: ['32-bit, without flag', fields(COUNT_32)],
      10: ['16-bit, without flag', fields(COUNT_16)],
      11: ['32-bit delta, without flag', fields(COUNT_32)],
      12: ['16-bit delta, without flag', fields(COUNT_16)],
    },
  },
  22: { name: 'Counter event', element: 'counter', variations: COUNTER_EVENTS },
  23: { name: 'Frozen counter event', element: 'counter', variations: COUNTER_EVENTS },
  30: {
    name: 'Analog input',
    element: 'analog',
    variations: {
      1: ['32-bit, with flag', fields(ANALOG, INT_32)],
      2: ['16-bit, with flag', fields(ANALOG, INT_16)],
      3: ['32-bit, without flag', fields(INT_32)],
      4: ['16-bit, without flag', fields(INT_16)],
      5: ['single-precision, with flag', fields(ANALOG, FLOAT)],
      6: ['double-precision, with flag', fields(ANALOG, DOUBLE)],
    },
  },
  31: {
    name: 'Frozen analog input',
    element: 'analog',
    variations: {
      1: ['32-bit, with flag', fields(ANALOG, INT_32)],
      2: ['16-bit, with flag', fields(ANALOG, INT_16)],
      3: ['32-bit, with time of freeze', fields(ANALOG, INT_32, TIME)],
      4: ['16-bit, with time of freeze', fields(ANALOG, INT_16, TIME)],
      5: ['32-bit, without flag', fields(INT_32)],
      6: ['16-bit, without flag', fields(INT_16)],
      7: ['single-precision, with flag', fields(ANALOG, FLOAT)],
      8: ['double-precision, with flag', fields(ANALOG, DOUBLE)],
    },
  },
  32: { name: 'Analog input event', element: 'analog', variations: analogEvents(ANALOG) },
  33: { name: 'Frozen analog input event', element: 'analog', variations: analogEvents(ANALOG) },
  34: {
    name: 'Analog input reporting deadband',
    element: 'deadband',
    variations: {
      1: ['16-bit', fields(COUNT_16)],
      2: ['32-bit', fields(COUNT_32)],
      3: ['single-precision', fields(FLOAT)],
    },
  },
  40: {
    name: 'Analog output status',
    element: 'analog',
    variations: {
      1: ['32-bit, with flag', fields(ANALOG, INT_32)],
      2: ['16-bit, with flag', fields(ANALOG, INT_16)],
      3: ['single-precision, with flag', fields(ANALOG, FLOAT)],
      4: ['double-precision, with flag', fields(ANALOG, DOUBLE)],
    },
  },
  41: {
    name: 'Analog output command',
    element: 'setpoint',
    variations: {
      1: ['32-bit', fields(INT_32, STATUS)],
      2: ['16-bit', fields(INT_16, STATUS)],
      3: ['single-precision', fields(FLOAT, STATUS)],
      4: ['double-precision', fields(DOUBLE, STATUS)],
    },
  },
  42: { name: 'Analog output event', element: 'analog', variations: analogEvents(ANALOG) },
  43: { name: 'Analog output command event', element: 'setpoint', variations: analogEvents(STATUS) },
  50: {
    name: 'Time and date',
    element: 'time',
    variations: {
      1: ['absolute time', fields(TIME)],
      2: ['absolute time and interval', fields(TIME, unsigned('interval', 4))],
      3: ['absolute time at last recorded time', fields(TIME)],
      4: ['indexed absolute time and long interval', fields(TIME, unsigned('interval', 4), unsigned('units', 1))],
    },
  },
  51: {
    name: 'Common time of occurrence',
    element: 'time',
    variations: { 1: ['synchronised', fields(TIME)], 2: ['unsynchronised', fields(TIME)] },
  },
  52: {
    name: 'Time delay',
    element: 'delay',
    variations: {
      1: ['coarse', fields(unsigned('delay', 2, 'seconds'))],
      2: ['fine', fields(unsigned('delay', 2, 'milliseconds'))],
    },
  },
  60: {
    name: 'Class objects',
    element: 'class',
    variations: { 1: ['class 0', NONE], 2: ['class 1', NONE], 3: ['class 2', NONE], 4: ['class 3', NONE] },
  },
  70: {
    name: 'File control',
    element: 'opaque',
    variations: {
      1: ['file identifier', FREE],
      2: ['authentication', FREE],
      3: ['file command', FREE],
      4: ['file command status', FREE],
      5: ['file transport', FREE],
      6: ['file transport status', FREE],
      7: ['file descriptor', FREE],
      8: ['file specification', FREE],
    },
  },
  80: { name: 'Internal indications', element: 'indication', variations: { 1: ['packed', BITS] } },
  81: { name: 'Device storage', element: 'opaque', variations: { 1: ['buffer fill status', opaque(3)] } },
  82: { name: 'Device profile', element: 'opaque', variations: { 1: ['functions and indexes', FREE] } },
  83: {
    name: 'Data set',
    element: 'opaque',
    variations: { 1: ['private registration', FREE], 2: ['private registration descriptor', FREE] },
  },
  85: { name: 'Data set prototype', element: 'opaque', variations: { 1: ['with UUID', FREE] } },
  86: {
    name: 'Data set descriptor',
    element: 'opaque',
    variations: { 1: ['contents', FREE], 2: ['characteristics', FREE], 3: ['point indexes', FREE] },
  },
  87: { name: 'Data set', element: 'opaque', variations: { 1: ['present value', FREE] } },
  88: { name: 'Data set event', element: 'opaque', variations: { 1: ['snapshot', FREE] } },
  90: { name: 'Application', element: 'opaque', variations: { 1: ['identifier', FREE] } },
  91: { name: 'Status of requested operation', element: 'opaque', variations: { 1: ['active configuration', FREE] } },
  101: {
    name: 'Binary-coded decimal integer',
    element: 'opaque',
    variations: { 1: ['small', opaque(2)], 2: ['medium', opaque(4)], 3: ['large', opaque(8)] },
  },
  102: { name: 'Unsigned integer', element: 'integer', variations: { 1: ['8-bit', fields(unsigned('value', 1))] } },
  110: octetStrings('Octet string'),
  111: octetStrings('Octet string event'),
  112: octetStrings('Virtual terminal output'),
  113: octetStrings('Virtual terminal event'),
  114: { name: 'Extended octet string', element: 'octetString', variations: { 1: ['present value', FREE] } },
  115: { name: 'Extended octet string event', element: 'octetString', variations: { 1: ['event', FREE] } },
  120: {
    name: 'Authentication',
    element: 'authentication',
    variations: {
      1: ['challenge', FREE],
      2: ['reply', FREE],
      3: ['aggressive mode request', fields(CHALLENGE, USER)],
      4: ['session key status request', fields(USER)],
      5: ['session key status', FREE],
      6: ['session key change', FREE],
      7: ['error', FREE],
      8: ['user certificate', FREE],
      9: ['message authentication code', FREE],
      10: ['user status change', FREE],
      11: ['update key change request', FREE],
      12: ['update key change reply', FREE],
      13: ['update key change', FREE],
      14: ['update key change signature', FREE],
      15: ['update key change confirmation', FREE],
    },
  },
  121: {
    name: 'Security statistic',
    element: 'statistic',
    variations: { 1: ['32-bit, with flags', fields(COUNTER, unsigned('association', 2), COUNT_32)] },
  },
  122: {
    name: 'Security statistic event',
    element: 'statistic',
    variations: {
      1: ['32-bit, with flags', fields(COUNTER, unsigned('association', 2), COUNT_32)],
      2: ['32-bit, with flags and time', fields(COUNTER, unsigned('association', 2), COUNT_32, TIME)],
    },
  },
};

const TYPES = new Map<number, ObjectType>(
  Object.entries(GROUPS).flatMap(([key, { name, element, variations, other }]) => {
    const group = Number(key);
    const numbers = other ? Array.from({ length: 255 }, (_, i) => i + 1) : Object.keys(variations).map(Number);
    const any: ObjectType = { group, variation: 0, name: `${name}, any variation`, element, layout: NONE };
    const types = numbers.map((variation): ObjectType => {
      const [title, layout] = variations[variation] ?? (other as NonNullable<Group['other']>)(variation);
      return { group, variation, name: `${name}, ${title}`, element, layout };
    });
    return [any, ...types].map((type) => [group * 256 + type.variation, type] as const);
  }),
);

/** What is known of a group and variation; undefined when nothing is. */
export function objectType(group: number, variation: number): ObjectType | undefined {
  return TYPES.get(group * 256 + variation);
}

/** All groups and variations that are known. */
export function objectTypes(): readonly ObjectType[] {
  return [...TYPES.values()];
}
