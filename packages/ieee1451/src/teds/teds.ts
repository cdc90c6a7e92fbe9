import { Ieee1451Error } from '../error.ts';
import { checkRange, concatOctets, OctetReader, unsignedOctets } from '../octets.ts';
import { fieldRows } from './classes.ts';
import { type FieldRow, isOpaque, type TedsField, type TedsValue } from './field.ts';
import { decodeTuples, encodeTuples } from './tuples.ts';

/** The first field of every TEDS. @see IEEE 1451.0-2007 §8.3.1 */
export interface TedsIdentification {
  /** Member of the family of standards: 0 for 1451.0, 5 for 1451.5 and so on. */
  readonly family: number;
  /** The octet after it in the edition of 2024; TEDS of the edition of 2007 have none. */
  readonly member?: number | undefined;
  /** Access code. */
  readonly tedsClass: number;
  readonly version: number;
  /** How many octets the length of each other field has: 1 to 4. */
  readonly tupleLength: number;
}

/** A Transducer Electronic Data Sheet. */
export interface Teds extends TedsIdentification {
  readonly fields: readonly TedsField[];
  /** 1, where lengths have one octet although the tuple length says something else: there are such TEDS. */
  readonly lengthOctets?: number | undefined;
  /** The checksum that was there, where it is not the right one. */
  readonly checksum?: number | undefined;
}

export interface DecodeTedsOptions {
  /** Carry a checksum that is wrong, in place of refusing the TEDS. */
  readonly keepChecksum?: boolean | undefined;
}

const IDENTIFICATION = 3;
const LENGTH_OCTETS = 4;
const CHECKSUM_OCTETS = 2;

/**
 * Octets as they are read from a TIM: length, data block, checksum. `encodeTeds` makes the same octets of what this gives.
 * @throws Ieee1451Error `malformed-teds`, `wrong-checksum`
 * @see IEEE 1451.0-2007 §8.1
 */
export function decodeTeds(octets: Uint8Array, { keepChecksum = false }: DecodeTedsOptions = {}): Teds {
  const reader = new OctetReader(octets, 'malformed-teds');
  const length = reader.unsigned(LENGTH_OCTETS, 'the length of a TEDS');
  if (length !== reader.remaining) {
    throw reader.error(`the length says that ${length} octets follow, and there are ${reader.remaining}`, 0);
  }
  if (length < CHECKSUM_OCTETS) throw reader.error('a TEDS has a checksum of two octets');
  const block = reader.bytes(length - CHECKSUM_OCTETS, 'the data block');
  const at = reader.offset;
  const checksum = reader.unsigned(CHECKSUM_OCTETS, 'the checksum');
  const right = tedsChecksum(octets.subarray(0, at));
  if (checksum !== right && !keepChecksum) {
    const message = `the checksum is ${hexWord(checksum)}, and that of these octets ${hexWord(right)}`;
    throw new Ieee1451Error('wrong-checksum', message, { offset: at });
  }
  const teds = decodeTedsBlock(block, LENGTH_OCTETS);
  return checksum === right ? teds : { ...teds, checksum };
}

/** @throws Ieee1451Error `limit-exceeded` for a value that does not fit into its field, with its path */
export function encodeTeds(teds: Teds): Uint8Array {
  const block = encodeTedsBlock(teds);
  const length = unsignedOctets(block.length + CHECKSUM_OCTETS, LENGTH_OCTETS, 'the length of a TEDS');
  const summed = concatOctets([length, block]);
  const checksum = teds.checksum ?? tedsChecksum(summed);
  return concatOctets([summed, unsignedOctets(checksum, CHECKSUM_OCTETS, 'the checksum')]);
}

/**
 * A data block without length and checksum, as some programs keep TEDS in files.
 * @param base where it begins, for errors
 * @throws Ieee1451Error `malformed-teds`
 */
export function decodeTedsBlock(block: Uint8Array, base = 0): Teds {
  const reader = new OctetReader(block, 'malformed-teds', base);
  const type = reader.unsigned(1, 'the type of the first field');
  if (type !== IDENTIFICATION) {
    throw reader.error(`the first field is the identification, type 3, not ${type}`, base);
  }
  const length = reader.unsigned(1, 'the length of the identification');
  if (length !== 4 && length !== 5) {
    throw reader.error(`an identification has 4 octets (2007) or 5 (2024), not ${length}`, base + 1);
  }
  const family = reader.unsigned(1, 'the family');
  const member = length === 5 ? reader.unsigned(1, 'the member') : undefined;
  const tedsClass = reader.unsigned(1, 'the access code');
  const version = reader.unsigned(1, 'the version');
  const tupleLength = reader.unsigned(1, 'the tuple length');
  if (tupleLength < 1 || tupleLength > 4) {
    throw reader.error(`lengths have 1 to 4 octets, not ${tupleLength}`, reader.offset - 1);
  }
  const fieldsAt = reader.offset;
  const identification = { family, ...(member === undefined ? {} : { member }), tedsClass, version, tupleLength };
  const rows = fieldRows(tedsClass, family);
  const octets = reader.rest();
  try {
    return { ...identification, fields: decodeTuples(octets, rows, tupleLength, fieldsAt) };
  } catch (error) {
    const fields = tupleLength === 1 ? undefined : shortTuples(octets, rows);
    if (!fields) throw error;
    return { ...identification, fields, lengthOctets: 1 };
  }
}

/** Fields whose lengths have one octet; undefined where they do not fit together. */
function shortTuples(octets: Uint8Array, rows: readonly FieldRow[]): readonly TedsField[] | undefined {
  try {
    return decodeTuples(octets, rows, 1);
  } catch {
    return undefined;
  }
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeTedsBlock(teds: Teds): Uint8Array {
  const { family, member, tedsClass, version, tupleLength, fields, lengthOctets = tupleLength } = teds;
  checkRange(tupleLength, 1, 4, 'the tuple length');
  const identification = [
    unsignedOctets(family, 1, 'the family'),
    ...(member === undefined ? [] : [unsignedOctets(member, 1, 'the member')]),
    unsignedOctets(tedsClass, 1, 'the access code'),
    unsignedOctets(version, 1, 'the version'),
    Uint8Array.of(tupleLength),
  ];
  return concatOctets([
    Uint8Array.of(IDENTIFICATION, identification.length),
    ...identification,
    encodeTuples(fields, fieldRows(tedsClass, family), lengthOctets),
  ]);
}

/** The ones' complement of the sum of all octets before it. @see IEEE 1451.0-2007 §8.1.6 */
export function tedsChecksum(octets: Uint8Array): number {
  let sum = 0;
  for (const octet of octets) sum = (sum + octet) & 0xffff;
  return 0xffff - sum;
}

/** The value of the first field of this name, inside another with a dot between: `sample.dataModel`. Undefined when it is not there. */
export function tedsValue({ fields }: Pick<Teds, 'fields'>, path: string): TedsValue | undefined {
  const [name, ...inner] = path.split('.');
  const field = fields.find((candidate) => candidate.name === name && !isOpaque(candidate));
  if (!field || isOpaque(field)) return undefined;
  if (inner.length === 0) return field.value;
  return isFields(field.value) ? tedsValue({ fields: field.value }, inner.join('.')) : undefined;
}

export function isFields(value: TedsValue): value is readonly TedsField[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object');
}

function hexWord(value: number): string {
  return value.toString(16).padStart(4, '0');
}
