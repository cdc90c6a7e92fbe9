import type { QName } from '../schema/components.ts';
import { Base64BinaryCodec, HexBinaryCodec } from './binary.ts';
import { BooleanCodec, BooleanLiteralCodec } from './boolean.ts';
import type { ValueCodec } from './codec.ts';
import { DateTimeCodec, type DateTimeType } from './date-time.ts';
import { DecimalCodec } from './decimal.ts';
import { EnumerationCodec } from './enumeration.ts';
import { FloatCodec } from './float.ts';
import { BoundedIntegerCodec, IntegerCodec, UnsignedIntegerCodec } from './integer.ts';
import { ListCodec } from './list.ts';
import { LEXICAL_CHARACTERS, RestrictedCharacters } from './restricted-characters.ts';
import { RestrictedStringCodec, STRING_CODEC, StringCodec } from './string.ts';

/** How values of a simple type are represented, as plain data: what grammars are stored with. @see EXI 1.0 §7, table 7-1 */
export type Representation =
  | { readonly kind: 'string' }
  | { readonly kind: 'restricted-string'; readonly characters: readonly number[] }
  | {
      readonly kind:
        | 'base64Binary'
        | 'hexBinary'
        | 'boolean'
        | 'boolean-literal'
        | 'decimal'
        | 'float'
        | 'integer'
        | 'unsigned';
    }
  | { readonly kind: 'bounded'; readonly least: string; readonly most: string }
  | { readonly kind: 'dateTime'; readonly type: DateTimeType }
  /** @param base of the type without the enumeration */
  | { readonly kind: 'enumeration'; readonly values: readonly string[]; readonly base: Representation }
  | { readonly kind: 'list'; readonly item: DatatypeData };

/** Every kind, in an order that serialised grammars rely on. */
export const REPRESENTATION_KINDS = [
  'string',
  'restricted-string',
  'base64Binary',
  'hexBinary',
  'boolean',
  'boolean-literal',
  'decimal',
  'float',
  'integer',
  'unsigned',
  'bounded',
  'dateTime',
  'enumeration',
  'list',
] as const satisfies readonly Representation['kind'][];

/** What a schema says of the values of one simple type. */
export interface DatatypeData {
  readonly representation: Representation;
  readonly whiteSpace: 'preserve' | 'replace' | 'collapse';
  /** Its name and those of its ancestors, nearest first, as far as a datatype representation map may look. @see EXI 1.0 §7.4 */
  readonly names: readonly QName[];
}

/** A datatype in use. */
export class Datatype {
  /** Number among the datatypes of its grammars. */
  readonly index: number;
  readonly data: DatatypeData;
  readonly #codec: ValueCodec;
  #lexical: ValueCodec | undefined;

  constructor(index: number, data: DatatypeData) {
    this.index = index;
    this.data = data;
    this.#codec = codecOf(data.representation, data.whiteSpace);
  }

  get codec(): ValueCodec {
    return this.#codec;
  }

  /** Where values are kept as they were written. */
  get lexicalCodec(): ValueCodec {
    this.#lexical ??= lexicalCodecOf(this.data.representation);
    return this.#lexical;
  }
}

/** @param isShortest are numbers written in the fewest bits, without zeros that only tell of precision? */
export function codecOf(
  representation: Representation,
  whiteSpace: DatatypeData['whiteSpace'],
  isShortest = false,
): ValueCodec {
  switch (representation.kind) {
    case 'string':
      return whiteSpace === 'collapse' ? new StringCodec(true) : STRING_CODEC;
    case 'restricted-string':
      return new RestrictedStringCodec(new RestrictedCharacters(representation.characters));
    case 'base64Binary':
      return new Base64BinaryCodec();
    case 'hexBinary':
      return new HexBinaryCodec();
    case 'boolean':
      return new BooleanCodec();
    case 'boolean-literal':
      return new BooleanLiteralCodec();
    case 'decimal':
      return new DecimalCodec();
    case 'float':
      return new FloatCodec(isShortest);
    case 'integer':
      return new IntegerCodec();
    case 'unsigned':
      return new UnsignedIntegerCodec();
    case 'bounded':
      return new BoundedIntegerCodec(BigInt(representation.least), BigInt(representation.most));
    case 'dateTime':
      return new DateTimeCodec(representation.type);
    case 'enumeration':
      return new EnumerationCodec(representation.values, codecOf(representation.base, whiteSpace));
    case 'list':
      return new ListCodec(codecOf(representation.item.representation, representation.item.whiteSpace, isShortest));
  }
}

const LEXICAL = {
  base64Binary: new RestrictedStringCodec(LEXICAL_CHARACTERS.base64Binary),
  hexBinary: new RestrictedStringCodec(LEXICAL_CHARACTERS.hexBinary),
  boolean: new RestrictedStringCodec(LEXICAL_CHARACTERS.boolean),
  dateTime: new RestrictedStringCodec(LEXICAL_CHARACTERS.dateTime),
  decimal: new RestrictedStringCodec(LEXICAL_CHARACTERS.decimal),
  double: new RestrictedStringCodec(LEXICAL_CHARACTERS.double),
  integer: new RestrictedStringCodec(LEXICAL_CHARACTERS.integer),
} as const;

/** Of the value of `xsi:nil` where values are kept as they were written. */
export const LEXICAL_BOOLEAN_CODEC: ValueCodec = LEXICAL.boolean;

function lexicalCodecOf(representation: Representation): ValueCodec {
  switch (representation.kind) {
    case 'string':
    case 'restricted-string':
      return STRING_CODEC;
    case 'base64Binary':
    case 'hexBinary':
    case 'boolean':
    case 'dateTime':
    case 'decimal':
      return LEXICAL[representation.kind];
    case 'boolean-literal':
      return LEXICAL.boolean;
    case 'float':
      return LEXICAL.double;
    case 'integer':
    case 'unsigned':
    case 'bounded':
      return LEXICAL.integer;
    case 'enumeration':
      return lexicalCodecOf(representation.base);
    case 'list':
      return lexicalCodecOf(representation.item.representation);
  }
}
