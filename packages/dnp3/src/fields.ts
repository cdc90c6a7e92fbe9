import { type AttributeInput, type Element, parseHexBinary } from '@thingward/xml';
import { COMMAND_STATUSES } from './command-status.ts';
import { decodeControlCode, encodeControlCode, OPERATIONS, TRIP_CLOSE } from './control-code.ts';
import { DOUBLE_BIT_STATES } from './flags.ts';
import { bitNames, bitsOf, codeOf, nameOf } from './names.ts';
import { checkRange, formatHex, type OctetReader, OctetWriter } from './octets.ts';
import { formatFloat, formatTime, parseFloatText, parseTime } from './values-text.ts';
import { booleanAttribute, integerAttribute, xmlError } from './xml-attributes.ts';

/** One object: a point's value, a command, a time. Which of these it has is said by the row of its group and variation. */
export interface ObjectItem {
  /** Index of the point: from its prefix, or from the range. */
  readonly index?: number | undefined;
  /** A number; 0 and 1 for binary points; 0 to 3 for double-bit ones, see `DOUBLE_BIT_STATES`. */
  readonly value?: number | undefined;
  /** Bits, see `FLAG`. State bits are in `value`. */
  readonly flags?: number | undefined;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time?: number | undefined;
  /** Milliseconds after the common time of occurrence (group 51). */
  readonly relativeTime?: number | undefined;
  /** Milliseconds or seconds of group 52. */
  readonly delay?: number | undefined;
  /** See `COMMAND_STATUSES`. */
  readonly status?: number | undefined;
  /** The control code, see `decodeControlCode`. */
  readonly code?: number | undefined;
  readonly count?: number | undefined;
  /** Milliseconds of a pulse. */
  readonly onTime?: number | undefined;
  readonly offTime?: number | undefined;
  readonly interval?: number | undefined;
  /** Units of `interval`. */
  readonly units?: number | undefined;
  /** Association of security statistics. */
  readonly association?: number | undefined;
  /** Challenge sequence number and user of Secure Authentication. */
  readonly challenge?: number | undefined;
  readonly user?: number | undefined;
  /** Data type of a device attribute. */
  readonly dataType?: number | undefined;
  /** Octet strings, and what is carried without being understood. */
  readonly octets?: Uint8Array | undefined;
  /** The octets of a `value` that is not a number, where they are not the usual ones: in hexadecimal. */
  readonly nan?: string | undefined;
}

/** An item while it is read. */
export type ItemDraft = { -readonly [Key in keyof ObjectItem]: ObjectItem[Key] };

/** A part of an object: how it is in octets and in XML. */
export interface Field {
  readonly size: number;
  read(reader: OctetReader, item: ItemDraft): void;
  /** @throws Dnp3Error `limit-exceeded` for what does not fit */
  write(writer: OctetWriter, item: ObjectItem): void;
  toAttributes(item: ObjectItem): AttributeInput;
  /** @throws Dnp3Error `malformed-xml` */
  fromAttributes(element: Element, item: ItemDraft): void;
}

type NumberKey = Exclude<keyof ObjectItem, 'octets' | 'nan'>;

/** An unsigned number. @param size octets */
export function unsigned(key: NumberKey, size: 1 | 2 | 4, attribute: string = key): Field {
  return {
    size,
    read: (reader, item) => {
      item[key] = reader.unsigned(size);
    },
    write: (writer, item) => writer.unsigned(size, item[key] ?? 0, `a ${attribute}`),
    toAttributes: (item) => ({ [attribute]: item[key] ?? 0 }),
    fromAttributes: (element, item) => {
      item[key] = integerAttribute(element, attribute, 0, 2 ** (8 * size) - 1);
    },
  };
}

/** A signed `value`. @param size octets */
export function signed(size: 2 | 4): Field {
  const most = 2 ** (8 * size - 1);
  return {
    size,
    read: (reader, item) => {
      item.value = reader.signed(size);
    },
    write: (writer, item) => writer.signed(size, item.value ?? 0, 'a value'),
    toAttributes: (item) => ({ value: item.value ?? 0 }),
    fromAttributes: (element, item) => {
      item.value = integerAttribute(element, 'value', -most, most - 1);
    },
  };
}

/** A floating-point `value`, each NaN kept as it is. @param size octets */
export function float(size: 4 | 8): Field {
  const usualNan = new OctetWriter();
  usualNan.float(size, Number.NaN, 'a value');
  const usual = formatHex(usualNan.finish());
  return {
    size,
    read: (reader, item) => {
      const at = reader.offset;
      item.value = reader.float(size);
      if (!Number.isNaN(item.value)) return;
      const hex = formatHex(reader.octets.subarray(at, at + size));
      if (hex !== usual) item.nan = hex;
    },
    write: (writer, item) => {
      const octets = item.nan === undefined ? undefined : parseHexBinary(item.nan);
      if (octets?.length === size && Number.isNaN(item.value)) writer.bytes(octets);
      else writer.float(size, item.value ?? 0, 'a value');
    },
    toAttributes: (item) => ({ value: formatFloat(item.value ?? 0, size), nan: item.nan }),
    fromAttributes: (element, item) => {
      const value = parseFloatText(element.attribute('value') ?? '');
      if (value === undefined) throw xmlError(element, 'value', 'a number, INF, -INF or NaN');
      item.value = value;
      const nan = element.attribute('nan');
      if (nan === undefined) return;
      const octets = parseHexBinary(nan);
      if (octets?.length !== size || !isNan(octets)) {
        throw xmlError(element, 'nan', `the ${size} octets of a number that is none`);
      }
      item.nan = nan.toLowerCase();
    },
  };
}

function isNan(octets: Uint8Array): boolean {
  const view = new DataView(octets.buffer);
  return Number.isNaN(octets.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true));
}

/** Flags alone. */
export function flags(names: readonly string[]): Field {
  return {
    size: 1,
    read: (reader, item) => {
      item.flags = reader.unsigned(1);
    },
    write: (writer, item) => writer.unsigned(1, item.flags ?? 0, 'flags'),
    ...flagAttributes(names),
  };
}

function flagAttributes(names: readonly string[]): Pick<Field, 'toAttributes' | 'fromAttributes'> {
  return {
    toAttributes: ({ flags: bits = 0 }) => ({ flags: bits === 0 ? undefined : bitNames(names, bits).join(' ') }),
    fromAttributes: (element, item) => {
      const bits = bitsOf(names, element.attribute('flags') ?? '');
      if (bits === undefined) throw xmlError(element, 'flags', `some of ${names.join(', ')}`);
      item.flags = bits;
    },
  };
}

/** Flags below, the state in the bits above them. @param width bits of the state */
export function stateFlags(names: readonly string[], width: 1 | 2): Field {
  const shift = 8 - width;
  const inXml = flagAttributes(names);
  return {
    size: 1,
    read: (reader, item) => {
      const octet = reader.unsigned(1);
      item.flags = octet & ((1 << shift) - 1);
      item.value = octet >> shift;
    },
    write: (writer, { flags: bits = 0, value = 0 }) => {
      checkRange(bits, 0, (1 << shift) - 1, 'flags');
      checkRange(value, 0, (1 << width) - 1, 'a state');
      writer.unsigned(1, (value << shift) | bits, 'flags');
    },
    toAttributes: (item) => ({ ...stateAttribute(item.value ?? 0, width), ...inXml.toAttributes(item) }),
    fromAttributes: (element, item) => {
      item.value = stateFromAttribute(element, width);
      inXml.fromAttributes(element, item);
    },
  };
}

/** @param width bits of the state */
export function stateAttribute(value: number, width: 1 | 2): AttributeInput {
  return { value: width === 1 ? value === 1 : DOUBLE_BIT_STATES[value] };
}

/** @throws Dnp3Error `malformed-xml` */
export function stateFromAttribute(element: Element, width: 1 | 2): number {
  if (width === 1) return booleanAttribute(element, 'value') ? 1 : 0;
  const state = DOUBLE_BIT_STATES.indexOf(element.attribute('value') ?? '');
  if (state === -1) throw xmlError(element, 'value', `one of ${DOUBLE_BIT_STATES.join(', ')}`);
  return state;
}

/** Milliseconds since 1970, in six octets. @see IEEE 1815-2012 §11.3.1.11 */
export const TIME: Field = {
  size: 6,
  read: (reader, item) => {
    item.time = reader.unsigned(6);
  },
  write: (writer, item) => writer.unsigned(6, item.time ?? 0, 'a time'),
  toAttributes: (item) => ({ time: formatTime(item.time ?? 0) }),
  fromAttributes: (element, item) => {
    const time = parseTime(element.attribute('time') ?? '');
    if (time === undefined) throw xmlError(element, 'time', 'a time in UTC such as 2026-07-01T12:00:00.000Z');
    item.time = time;
  },
};

const statusAttributes: Pick<Field, 'toAttributes' | 'fromAttributes'> = {
  toAttributes: (item) => ({ status: nameOf(COMMAND_STATUSES, item.status ?? 0) }),
  fromAttributes: (element, item) => {
    const status = codeOf(COMMAND_STATUSES, element.attribute('status') ?? '0', 0xff);
    if (status === undefined) throw xmlError(element, 'status', 'the name of a command status, or its number');
    item.status = status;
  },
};

/** The status of a command. */
export const STATUS: Field = {
  size: 1,
  read: (reader, item) => {
    item.status = reader.unsigned(1);
  },
  write: (writer, item) => writer.unsigned(1, item.status ?? 0, 'a status'),
  ...statusAttributes,
};

/** The status of a command to a binary output, and the state that was commanded. @see IEEE 1815-2012 A.9.1 */
export const STATE_AND_STATUS: Field = {
  size: 1,
  read: (reader, item) => {
    const octet = reader.unsigned(1);
    item.status = octet & 0x7f;
    item.value = octet >> 7;
  },
  write: (writer, { status = 0, value = 0 }) => {
    checkRange(status, 0, 0x7f, 'a status');
    checkRange(value, 0, 1, 'a state');
    writer.unsigned(1, (value << 7) | status, 'a status');
  },
  toAttributes: (item) => ({ ...stateAttribute(item.value ?? 0, 1), ...statusAttributes.toAttributes(item) }),
  fromAttributes: (element, item) => {
    item.value = stateFromAttribute(element, 1);
    statusAttributes.fromAttributes(element, item);
  },
};

/** The control code of a command to a binary output. */
export const CONTROL_CODE: Field = {
  size: 1,
  read: (reader, item) => {
    item.code = reader.unsigned(1);
  },
  write: (writer, item) => writer.unsigned(1, item.code ?? 0, 'a control code'),
  toAttributes: (item) => {
    const { operation, queue, clear, tripClose } = decodeControlCode(item.code ?? 0);
    return {
      operation: nameOf(OPERATIONS, operation),
      tripClose: tripClose === 0 ? undefined : TRIP_CLOSE[tripClose],
      clear: clear || undefined,
      queue: queue || undefined,
    };
  },
  fromAttributes: (element, item) => {
    const operation = codeOf(OPERATIONS, element.attribute('operation') ?? '', 15);
    if (operation === undefined) {
      throw xmlError(element, 'operation', `one of ${Object.values(OPERATIONS).join(', ')}, or 5 to 15`);
    }
    const tripClose = TRIP_CLOSE.indexOf(element.attribute('tripClose') ?? 'nul');
    if (tripClose === -1) throw xmlError(element, 'tripClose', `one of ${TRIP_CLOSE.join(', ')}`);
    const clear = booleanAttribute(element, 'clear', false);
    const queue = booleanAttribute(element, 'queue', false);
    item.code = encodeControlCode({ operation, queue, clear, tripClose });
  },
};
