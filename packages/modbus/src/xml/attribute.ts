import { formatHexBinary, parseBoolean, parseHexBinary } from '@thingward/xml';
import { ModbusError } from '../error.ts';

/** How one value of a PDU is written as an attribute, and read. */
export interface AttributeType<T> {
  readonly expected: string;
  /** Undefined when it is not of this type. */
  parse(text: string): T | undefined;
  format(value: T): string;
  readonly isOptional?: boolean;
}

export interface OptionalAttributeType<T> extends AttributeType<T> {
  readonly isOptional: true;
}

const UNSIGNED = /^(?:0|[1-9]\d{0,5})$/;

function unsigned(most: number): AttributeType<number> {
  return {
    expected: `a number from 0 to ${most}`,
    parse(text) {
      const value = UNSIGNED.test(text) ? Number(text) : Number.NaN;
      return value <= most ? value : undefined;
    },
    format: String,
  };
}

function listOf<T>(type: AttributeType<T>, expected: string): AttributeType<readonly T[]> {
  return {
    expected,
    parse(text) {
      const items = text.split(/[ \t\r\n]+/).filter((item) => item !== '');
      const values: T[] = [];
      for (const item of items) {
        const value = type.parse(item);
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
    format: (values) => values.map((value) => type.format(value)).join(' '),
  };
}

export const UINT8 = unsigned(0xff);
export const UINT16 = unsigned(0xffff);
export const UINT16_LIST = listOf(UINT16, 'numbers from 0 to 65535, with spaces between');

/** As `xs:boolean`. */
export const BOOLEAN: AttributeType<boolean> = {
  expected: 'true or false',
  parse: parseBoolean,
  format: String,
};

/** Written in digits, which are read more easily in a row. */
export const BIT_LIST = listOf<boolean>({ ...BOOLEAN, format: (value) => (value ? '1' : '0') }, 'bits such as 1 0 1');

/** Octets as `xs:hexBinary`. */
export const OCTETS: AttributeType<Uint8Array> = {
  expected: 'octets in hexadecimal',
  parse: parseHexBinary,
  format: formatHexBinary,
};

/** A name of people's choice. */
export const NAME: AttributeType<string> = {
  expected: 'a name',
  parse: (text) => (text === '' ? undefined : text),
  format: (text) => text,
};

/** A point in time as `xs:dateTime` with its zone. */
export const INSTANT: AttributeType<Date> = {
  expected: 'a time such as 2026-01-02T03:04:05.678Z',
  parse(text) {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
    const time = new Date(text);
    return Number.isNaN(time.getTime()) ? undefined : time;
  },
  format: (time) => time.toISOString(),
};

/** The same type for an attribute that may be left out. */
export function optional<T>(type: AttributeType<T>): OptionalAttributeType<T> {
  return { ...type, isOptional: true };
}

/** XML that is no packet. @param path where, as in `request/readCoils/@address` */
export function malformedXml(path: string, message: string): ModbusError {
  return new ModbusError('malformed-xml', `${path}: ${message}`);
}
