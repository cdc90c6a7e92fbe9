import { decodeUtf8, encodeUtf8, isXmlText } from '@thingward/xml';
import { type CodeNames, codeOf, nameOf } from '../enumeration.ts';
import { Ieee1451Error } from '../error.ts';
import { float32Octets, parseNumber, shortestFloat32 } from '../float.ts';
import { concatOctets, OctetReader, unsignedOctets } from '../octets.ts';
import { formatUuid, parseUuid, UUID_2007_OCTETS, UUID_OCTETS } from '../uuid.ts';
import type { TedsValue, ValueKind } from './field.ts';

/** An integer of one, two or four octets. */
export function unsigned(size: 1 | 2 | 4): ValueKind {
  const expected = `0 to ${2 ** (8 * size) - 1}`;
  return {
    expected,
    decode(octets) {
      const reader = readerOf(octets, size);
      return reader.unsigned(size, 'an integer');
    },
    encode(value, what) {
      if (typeof value !== 'number') throw unexpected(what, value, expected);
      return unsignedOctets(value, size, what);
    },
    parse: parseNumber,
  };
}

/** A single-precision float; `7F FF FF FF` is NaN. */
export const FLOAT32: ValueKind = {
  expected: 'a number, INF, -INF or NaN',
  decode: (octets) => shortestFloat32(readerOf(octets, 4).float32('a float')),
  encode(value, what) {
    if (typeof value !== 'number') throw unexpected(what, value, FLOAT32.expected);
    return float32Octets(value, what);
  },
  parse: parseNumber,
};

/** As many floats as there are octets for. */
export const FLOAT32_LIST: ValueKind = listOf(FLOAT32, 4);

/** As many integers of two octets as there are octets for. */
export const UINT16_LIST: ValueKind = listOf(unsigned(2), 2);

/** One octet; anything but nought and one is carried as it is. */
export const BOOLEAN: ValueKind = {
  expected: 'true or false',
  decode(octets) {
    const value = readerOf(octets, 1).unsigned(1, 'a truth value');
    if (value > 1) throw new Ieee1451Error('malformed-teds', `${value} is neither false (0) nor true (1)`);
    return value === 1;
  },
  encode(value, what) {
    if (typeof value !== 'boolean') throw unexpected(what, value, BOOLEAN.expected);
    return Uint8Array.of(value ? 1 : 0);
  },
  parse: (text) => (text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : undefined),
};

/** One octet with a name. Codes without a name are written as their number. */
export function enumeration(names: CodeNames): ValueKind {
  const expected = `${Object.values(names).join(', ')}, or 0 to 255`;
  return {
    expected,
    decode: (octets) => nameOf(names, readerOf(octets, 1).unsigned(1, 'an enumeration')),
    encode(value, what) {
      const code = typeof value === 'string' ? codeOf(names, value) : undefined;
      if (code === undefined) throw unexpected(what, value, expected);
      return Uint8Array.of(code);
    },
    parse: (text) => (codeOf(names, text) === undefined ? undefined : text),
  };
}

/** One octet whose bits have names, from the lowest up. Bits without a name are written as their number. */
export function flags(names: readonly string[]): ValueKind {
  const expected = `some of ${names.join(', ')}, or bits 0 to 7`;
  const bitOf = (flag: unknown) => {
    const bit = names.indexOf(String(flag));
    return bit >= 0 ? bit : /^[0-7]$/.test(String(flag)) ? Number(flag) : undefined;
  };
  return {
    expected,
    decode(octets) {
      const value = readerOf(octets, 1).unsigned(1, 'flags');
      const bits = [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => value & (1 << bit));
      return bits.map((bit) => names[bit] ?? String(bit));
    },
    encode(value, what) {
      let octet = 0;
      for (const flag of Array.isArray(value) ? value : [value]) {
        const bit = bitOf(flag);
        if (bit === undefined) throw unexpected(what, flag, expected);
        octet |= 1 << bit;
      }
      return Uint8Array.of(octet);
    },
    parse(text) {
      const words = wordsOf(text);
      return words.every((word) => bitOf(word) !== undefined) ? words : undefined;
    },
  };
}

/** The globally unique identifier: 16 octets, or the 10 of the edition of 2007. */
export const UUID: ValueKind = {
  expected: 'a UUID, or 20 hexadecimal digits for one of the edition of 2007',
  decode(octets) {
    if (octets.length === UUID_OCTETS || octets.length === UUID_2007_OCTETS) return formatUuid(octets);
    throw new Ieee1451Error('malformed-teds', `a UUID has 16 or 10 octets, not ${octets.length}`);
  },
  encode(value, what) {
    const octets = typeof value === 'string' ? parseUuid(value) : undefined;
    if (!octets) throw unexpected(what, value, UUID.expected);
    return octets;
  },
  parse(text) {
    const octets = parseUuid(text);
    return octets && formatUuid(octets);
  },
};

/** Text in UTF-8. Octets that are none, or that XML can't hold, are carried as they are. */
export const TEXT: ValueKind = {
  expected: 'text',
  decode(octets) {
    const text = utf8Text(octets);
    if (text === undefined) throw new Ieee1451Error('malformed-teds', 'this is no text in UTF-8');
    return text;
  },
  encode(value, what) {
    if (typeof value !== 'string') throw unexpected(what, value, 'text');
    return encodeUtf8(value);
  },
  parse: (text) => text,
};

/** Text of octets; undefined when they are none that XML can hold. */
export function utf8Text(octets: Uint8Array): string | undefined {
  try {
    const text = decodeUtf8(octets, 0, octets.length);
    return isXmlText(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

export function unexpected(what: string, value: unknown, expected: string): Ieee1451Error {
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return new Ieee1451Error('limit-exceeded', `${what} is ${shown.slice(0, 80)}: expected ${expected}`);
}

function listOf(item: ValueKind, size: number): ValueKind {
  const expected = `a list of ${item.expected}`;
  return {
    expected,
    decode(octets, tupleLength) {
      if (octets.length % size !== 0) {
        throw new Ieee1451Error('malformed-teds', `a list of values of ${size} octets can't have ${octets.length}`);
      }
      const count = octets.length / size;
      return Array.from({ length: count }, (_, i) =>
        item.decode(octets.subarray(i * size, (i + 1) * size), tupleLength),
      ) as number[];
    },
    encode(value, what, tupleLength) {
      if (!Array.isArray(value)) throw unexpected(what, value, expected);
      return concatOctets(value.map((one: TedsValue) => item.encode(one, what, tupleLength)));
    },
    parse(text) {
      const values = wordsOf(text).map(parseNumber);
      return values.every((value) => value !== undefined) ? values : undefined;
    },
  };
}

/** @throws Ieee1451Error for another number of octets */
function readerOf(octets: Uint8Array, size: number): OctetReader {
  if (octets.length === size) return new OctetReader(octets, 'malformed-teds');
  throw new Ieee1451Error('malformed-teds', `its value has ${size} octets, not ${octets.length}`);
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
