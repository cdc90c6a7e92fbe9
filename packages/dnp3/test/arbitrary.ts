import fc from 'fast-check';
import {
  encodeLinkFrame,
  type Layout,
  type LinkFrame,
  layoutOf,
  type ObjectType,
  objectTypes,
  PREFIXES,
  RANGES,
} from './internals.ts';

/** Functions with which every kind of header is understood, with objects and without. */
const FUNCTION_CODES = [0, 1, 2, 3, 4, 5, 6, 7, 11, 13, 20, 22, 23, 25, 31, 32, 129, 130, 131] as const;

const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const littleEndian = (value: number, size: number) =>
  Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
const bitsOf = (code: string) => Number(/\d+$/.exec(code)?.[0] ?? (code === 'variable' ? 8 : 0));

/** The octets of one object, without its prefix; undefined where they have no size of their own. */
function objectOctets(layout: Layout): fc.Arbitrary<readonly number[]> | undefined {
  switch (layout.kind) {
    case 'fields':
    case 'octets':
      return octets(layout.size).map((bytes) => [...bytes]);
    case 'attribute':
      return fc
        .tuple(fc.nat(255), fc.uint8Array({ maxLength: 20 }))
        .map(([type, value]) => [type, value.length, ...value]);
    case 'bits':
      return octets(1).map((bytes) => [...bytes]);
    case 'none':
      return fc.constant([]);
    case 'free':
      return undefined;
  }
}

const TYPES = new Map<number, ObjectType[]>();
for (const type of objectTypes()) TYPES.set(type.group, [...(TYPES.get(type.group) ?? []), type]);

/** Any group and variation, each group as often as others. */
const anyType = fc.constantFrom(...TYPES.values()).chain((types) => fc.constantFrom(...types));

/** The octets of an object header and its objects, for every group, variation and qualifier that goes with it. */
function headerOctets(functionCode: number): fc.Arbitrary<readonly number[]> {
  return fc
    .record({
      type: anyType,
      prefix: fc.constantFrom(...PREFIXES),
      range: fc.constantFrom(...RANGES.filter((code) => code !== undefined)),
      count: fc.integer({ min: 1, max: 5 }),
      start: fc.nat(200),
    })
    .chain(({ type: { group, variation }, range, count, start, ...chosen }) => {
      const layoutWith = (prefix: (typeof PREFIXES)[number]) => layoutOf({ group, variation, prefix }, functionCode);
      const needsSize = layoutWith('none').kind === 'free' || range === 'variable';
      const prefix = needsSize && !chosen.prefix.startsWith('size-') ? 'size-16' : chosen.prefix;
      const layout = layoutWith(prefix);
      const qualifier = (PREFIXES.indexOf(prefix) << 4) | RANGES.indexOf(range);
      const size = bitsOf(range) / 8;
      const isCounted = range.startsWith('count') || range === 'variable';
      const limits =
        range === 'all'
          ? []
          : isCounted
            ? littleEndian(count, size)
            : [...littleEndian(start, size), ...littleEndian(start + count - 1, size)];
      const head = [group, variation, qualifier, ...limits];
      if (range === 'all' || (layout.kind === 'none' && prefix === 'none')) return fc.constant(head);
      if (layout.kind === 'bits' && prefix === 'none') {
        return octets(Math.ceil((count * layout.width) / 8)).map((bytes) => [...head, ...bytes]);
      }
      const prefixSize = bitsOf(prefix) / 8;
      const one = prefix.startsWith('size-')
        ? fc
            .oneof(
              fc.uint8Array({ maxLength: 12 }),
              layout.kind === 'fields' ? octets(layout.size) : fc.constant(Uint8Array.of(1)),
            )
            .map((bytes) => [...littleEndian(bytes.length, prefixSize), ...bytes])
        : fc
            .tuple(octets(prefixSize), objectOctets(layout) as fc.Arbitrary<readonly number[]>)
            .map(([index, bytes]) => [...index, ...bytes]);
      return fc.array(one, { minLength: count, maxLength: count }).map((objects) => [...head, ...objects.flat()]);
    });
}

/** The octets of fragments that are understood whole. */
export const validFragment: fc.Arbitrary<Uint8Array> = fc
  .constantFrom(...FUNCTION_CODES)
  .chain((functionCode) =>
    fc
      .tuple(
        fc.nat(255),
        fc.uint8Array({ minLength: 2, maxLength: 2 }),
        fc.array(headerOctets(functionCode), { maxLength: 4 }),
      )
      .map(([control, indications, headers]) =>
        Uint8Array.of(control, functionCode, ...(functionCode >= 129 ? indications : []), ...headers.flat()),
      ),
  );

/** The octets of fragments, and of what could be taken for some. */
export const anyFragment: fc.Arbitrary<Uint8Array> = fc.oneof(
  validFragment,
  fc.uint8Array({ maxLength: 700 }),
  fc.tuple(validFragment, fc.nat(), fc.nat(255)).map(([bytes, at, octet]) => bytes.with(at % bytes.length, octet)),
  fc.tuple(validFragment, fc.nat()).map(([bytes, end]) => bytes.slice(0, end % (bytes.length + 1))),
);

const control = fc.record({
  fromMaster: fc.boolean(),
  primary: fc.boolean(),
  frameCount: fc.boolean(),
  countValidOrBusy: fc.boolean(),
  function: fc.nat(15),
});

const address = fc.nat(0xffff);

/** Any frame at all. */
export const anyFrame: fc.Arbitrary<LinkFrame> = fc.record({
  control,
  destination: address,
  source: address,
  userData: fc.uint8Array({ maxLength: 250 }),
});

/** The frames of a fragment, cut anyhow. */
export const fragmentFrames: fc.Arbitrary<readonly LinkFrame[]> = fc
  .record({
    fragment: anyFragment,
    cuts: fc.array(fc.integer({ min: 1, max: 249 }), { minLength: 1, maxLength: 4 }),
    sequence: fc.nat(63),
    destination: address,
    source: address,
    fromMaster: fc.boolean(),
    confirmed: fc.boolean(),
    full: fc.boolean(),
  })
  .map(({ fragment, cuts, sequence, destination, source, fromMaster, confirmed, full }) => {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < fragment.length || parts.length === 0; ) {
      const size = full ? 249 : (cuts[parts.length % cuts.length] as number);
      parts.push(fragment.subarray(at, at + size));
      at += size;
    }
    return parts.map((part, i) => ({
      control: {
        fromMaster,
        primary: true,
        frameCount: confirmed && i % 2 === 0,
        countValidOrBusy: confirmed,
        function: confirmed ? 3 : 4,
      },
      destination,
      source,
      userData: Uint8Array.of(
        (i === parts.length - 1 ? 0x80 : 0) | (i === 0 ? 0x40 : 0) | ((sequence + i) & 0x3f),
        ...part,
      ),
    }));
  });

export function framesOctets(frames: readonly LinkFrame[]): Uint8Array {
  return Uint8Array.from(frames.flatMap((frame) => [...encodeLinkFrame(frame)]));
}
