import { ExiError } from './error.ts';
import { EXI_NAMESPACE } from './namespaces.ts';
import type { ExiOptions } from './options.ts';
import type { QName } from './schema/components.ts';
import type { ValueCodec } from './values/codec.ts';
import { codecOf, type Datatype, type DatatypeData, type Representation } from './values/datatype.ts';
import { STRING_CODEC } from './values/string.ts';

/** The datatype representations of EXI itself, by name. @see EXI 1.0 §7.4, table 7-1 */
const REPRESENTATIONS: Readonly<Record<string, Representation>> = {
  base64Binary: { kind: 'base64Binary' },
  hexBinary: { kind: 'hexBinary' },
  boolean: { kind: 'boolean' },
  decimal: { kind: 'decimal' },
  double: { kind: 'float' },
  integer: { kind: 'integer' },
  string: { kind: 'string' },
  dateTime: { kind: 'dateTime', type: 'dateTime' },
  date: { kind: 'dateTime', type: 'date' },
  time: { kind: 'dateTime', type: 'time' },
  gYearMonth: { kind: 'dateTime', type: 'gYearMonth' },
  gMonthDay: { kind: 'dateTime', type: 'gMonthDay' },
  gYear: { kind: 'dateTime', type: 'gYear' },
  gMonth: { kind: 'dateTime', type: 'gMonth' },
  gDay: { kind: 'dateTime', type: 'gDay' },
};

/**
 * The codec of each datatype under given options, by its index.
 * @param isShortest are numbers written in the fewest bits, without zeros that only tell of precision?
 * @throws ExiError `unsupported` for a datatype representation that is not one of EXI's own
 */
export function codecsOf(
  datatypes: readonly Datatype[],
  options: ExiOptions,
  isShortest = false,
): readonly ValueCodec[] {
  if (options.preserve.lexicalValues) return datatypes.map((datatype) => datatype.lexicalCodec);
  const map = new Map<string, Representation>();
  for (const { type, representation } of options.datatypeRepresentationMap) {
    const found = representation.namespace === EXI_NAMESPACE ? REPRESENTATIONS[representation.name] : undefined;
    if (found === undefined) {
      throw new ExiError('unsupported', `datatype representation {${representation.namespace}}${representation.name}`);
    }
    map.set(key(type), found);
  }
  return datatypes.map((datatype) => {
    const { representation, whiteSpace } = datatype.data;
    return mappedCodec(datatype.data, map) ?? (isShortest ? codecOf(representation, whiteSpace, true) : datatype.codec);
  });
}

function mappedCodec(data: DatatypeData, map: ReadonlyMap<string, Representation>): ValueCodec | undefined {
  const representation = mapped(data, map);
  if (representation === undefined) return undefined;
  return representation.kind === 'string' ? STRING_CODEC : codecOf(representation, data.whiteSpace);
}

/** What the map says of a type: of the nearest ancestor it names; of a list also of its items. */
function mapped(data: DatatypeData, map: ReadonlyMap<string, Representation>): Representation | undefined {
  for (const [i, name] of data.names.entries()) {
    const representation = map.get(key(name));
    if (representation === undefined) continue;
    // An integer with a range of its own stays one, unless the map names the very type.
    const isInteger = data.representation.kind === 'bounded' || data.representation.kind === 'unsigned';
    if (i > 0 && isInteger && representation.kind === 'integer') return undefined;
    return representation;
  }
  if (data.representation.kind !== 'list') return undefined;
  const item = mapped(data.representation.item, map);
  return item && { kind: 'list', item: { ...data.representation.item, representation: item } };
}

function key({ namespace, name }: QName): string {
  return `{${namespace}}${name}`;
}
