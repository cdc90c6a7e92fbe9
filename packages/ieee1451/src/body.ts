import { decodeUtf8, encodeUtf8, isXmlText } from '@thingward/xml';
import { type CodeNames, codeOf, nameOf } from './enumeration.ts';
import { Ieee1451Error } from './error.ts';
import { parseNumber } from './float.ts';
import { concatOctets, formatHex, OctetReader, parseHex, sameOctets, unsignedOctets } from './octets.ts';
import { formatDuration, parseDuration } from './time-duration.ts';
import { formatUuid, parseUuid, UUID_OCTETS } from './uuid.ts';

/** Octets, UUIDs, durations in seconds and enumerations are text. */
export type BodyValue = number | boolean | string | readonly number[] | readonly string[];

/** What a message carries, as its layout says; or `octets` in hexadecimal, where it is not known or not as the layout says. */
export type Body = Readonly<Record<string, BodyValue>>;

/** How one value is written. */
export interface BodyKind {
  /** What is expected, for errors. */
  readonly expected: string;
  /** It is a list; the layout's values before it say how many items there are. */
  readonly list?: boolean;
  decode(reader: OctetReader, what: string, count: number): BodyValue;
  encode(value: BodyValue, what: string): Uint8Array;
  /** An item, or the value itself, of text; undefined when it is none. */
  parse(text: string): number | boolean | string | undefined;
}

/** One value of a body, in the order of the octets. A `count` is the number of items of the lists after it, and no value of its own. */
export type LayoutField =
  | { readonly name: string; readonly kind: BodyKind }
  | { readonly count: true; readonly size: 1 | 2 };

export type Layout = readonly LayoutField[];

/** @see IEEE 1451.0-2007 §4.2 */
export function unsigned(size: 1 | 2 | 4 | 6): BodyKind {
  const expected = `0 to ${2 ** (8 * size) - 1}`;
  return {
    expected,
    decode: (reader, what) => reader.unsigned(size, what),
    encode(value, what) {
      if (typeof value !== 'number') throw unfit(what, value, expected);
      return unsignedOctets(value, size, what);
    },
    parse: parseNumber,
  };
}

export const BOOLEAN: BodyKind = {
  expected: 'true or false',
  decode: (reader, what) => reader.unsigned(1, what) !== 0,
  encode(value, what) {
    if (typeof value !== 'boolean') throw unfit(what, value, BOOLEAN.expected);
    return Uint8Array.of(value ? 1 : 0);
  },
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};

/** One octet with a name. */
export function enumeration(names: CodeNames): BodyKind {
  const expected = `${Object.values(names).join(', ')}, or 0 to 255`;
  return {
    expected,
    decode: (reader, what) => nameOf(names, reader.unsigned(1, what)),
    encode(value, what) {
      const code = codeOf(names, String(value));
      if (code === undefined) throw unfit(what, value, expected);
      return Uint8Array.of(code);
    },
    parse: (text) => text,
  };
}

/** All octets that are left. */
export const OCTETS: BodyKind = {
  expected: 'pairs of hexadecimal digits',
  decode: (reader) => formatHex(reader.rest()),
  encode(value, what) {
    const octets = parseHex(String(value));
    if (!octets) throw unfit(what, value, OCTETS.expected);
    return octets;
  },
  parse: (text) => text,
};

export const UUID: BodyKind = {
  expected: 'a UUID',
  decode: (reader, what) => formatUuid(reader.bytes(UUID_OCTETS, what)),
  encode(value, what) {
    const octets = parseUuid(String(value));
    if (octets?.length !== UUID_OCTETS) throw unfit(what, value, UUID.expected);
    return octets;
  },
  parse: (text) => text,
};

/** UTF-8 with an octet of nought at its end. */
export const TEXT: BodyKind = {
  expected: 'text without an octet of nought',
  decode(reader, what) {
    const octets: number[] = [];
    for (let octet = reader.unsigned(1, what); octet !== 0; octet = reader.unsigned(1, what)) octets.push(octet);
    return utf8(Uint8Array.from(octets), reader, what);
  },
  encode(value, what) {
    const octets = encodeUtf8(String(value));
    if (octets.includes(0)) throw unfit(what, value, TEXT.expected);
    return concatOctets([octets, Uint8Array.of(0)]);
  },
  parse: (text) => text,
};

/** A time-out or an interval: seconds, exactly. @see IEEE 1451.0-2024, TimeDuration */
export const DURATION: BodyKind = {
  expected: 'seconds',
  decode: (reader, what) => formatDuration(reader.signed64(what)),
  encode(value, what) {
    const units = parseDuration(String(value));
    if (units === undefined) throw unfit(what, value, 'seconds, up to 140000');
    const octets = new Uint8Array(8);
    new DataView(octets.buffer).setBigInt64(0, units);
    return octets;
  },
  parse: (text) => text,
};

/** As many as the count before them says. */
export function listOf(item: BodyKind): BodyKind {
  return {
    expected: `a list of ${item.expected}`,
    list: true,
    decode: (reader, what, count) => Array.from({ length: count }, () => item.decode(reader, what, 0)) as string[],
    encode: (value, what) =>
      concatOctets((Array.isArray(value) ? value : [value]).map((one: string | number) => item.encode(one, what))),
    parse: item.parse,
  };
}

/** The values of octets; what the layout does not fit is `octets`. */
export function decodeBody(octets: Uint8Array, layout: Layout | undefined): Body {
  if (layout) {
    try {
      const body = decodeLayout(octets, layout);
      if (sameOctets(encodeLayout(body, layout), octets)) return body;
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
    }
  }
  return { octets: formatHex(octets) };
}

/** @throws Ieee1451Error `limit-exceeded` for a value that is missing or does not fit */
export function encodeBody(body: Body, layout: Layout | undefined): Uint8Array {
  const isOpaque = Object.keys(body).length === 1 && body.octets !== undefined;
  if (layout && !(isOpaque && !isOctetsAlone(layout))) return encodeLayout(body, layout);
  return OCTETS.encode(body.octets ?? '', 'octets');
}

function isOctetsAlone(layout: Layout): boolean {
  return layout.length === 1 && layout.some((field) => 'name' in field && field.name === 'octets');
}

function decodeLayout(octets: Uint8Array, layout: Layout): Body {
  const reader = new OctetReader(octets, 'malformed-message');
  const body: Record<string, BodyValue> = {};
  let count = 0;
  for (const field of layout) {
    if ('count' in field) {
      count = reader.unsigned(field.size, 'a number of items');
      if (count > reader.remaining) throw reader.error(`there can't be ${count} items`);
    } else body[field.name] = field.kind.decode(reader, field.name, count);
  }
  reader.end('the message');
  return body;
}

function encodeLayout(body: Body, layout: Layout): Uint8Array {
  const known = layout.flatMap((field) => ('name' in field ? [field.name] : []));
  for (const name of Object.keys(body)) {
    if (known.includes(name)) continue;
    throw new Ieee1451Error('limit-exceeded', `there is no ${name} in this message (${known.join(', ') || 'nothing'})`);
  }
  const lengths = layout.flatMap((field) => {
    const value = 'name' in field && field.kind.list ? body[field.name] : undefined;
    return Array.isArray(value) ? [value.length] : [];
  });
  if (new Set(lengths).size > 1) throw new Ieee1451Error('limit-exceeded', 'the lists of a message are of one length');
  return concatOctets(
    layout.map((field) => {
      if ('count' in field) return unsignedOctets(lengths[0] ?? 0, field.size, 'the number of items');
      const value = body[field.name];
      if (value === undefined) throw unfit(field.name, value, field.kind.expected);
      return field.kind.encode(value, field.name);
    }),
  );
}

function utf8(octets: Uint8Array, reader: OctetReader, what: string): string {
  try {
    const text = decodeUtf8(octets, 0, octets.length);
    if (isXmlText(text)) return text;
  } catch {
    // Said below.
  }
  throw reader.error(`${what} is no text in UTF-8`);
}

function unfit(what: string, value: unknown, expected: string): Ieee1451Error {
  const shown = value === undefined ? 'missing' : JSON.stringify(value)?.slice(0, 80);
  return new Ieee1451Error('limit-exceeded', `${what} is ${shown}: expected ${expected}`, { path: what });
}
