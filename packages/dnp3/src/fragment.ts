import { Dnp3Error } from './error.ts';
import { isResponse } from './function-codes.ts';
import { decodeObjectHeader, encodeObjectHeader, type ObjectHeader } from './object-header.ts';
import { checkRange, OctetReader, OctetWriter } from './octets.ts';

/** A fragment of the application layer: a request, or a response or a part of one. @see IEEE 1815-2012 §4.2.2 */
export interface Fragment {
  readonly control: ApplicationControl;
  /** See `FUNCTIONS`. */
  readonly function: number;
  /** Of responses: bits of `IIN`. */
  readonly indications?: number | undefined;
  readonly objects: readonly ObjectHeader[];
  /** The octets from the first object header on that could not be understood. */
  readonly rest?: FragmentRest | undefined;
}

/** @see IEEE 1815-2012 §4.2.2.4 */
export interface ApplicationControl {
  readonly first: boolean;
  readonly final: boolean;
  /** A confirmation is asked for. */
  readonly confirm: boolean;
  readonly unsolicited: boolean;
  /** 0 to 15 */
  readonly sequence: number;
}

/** Octets that are carried without being understood. */
export interface FragmentRest {
  readonly octets: Uint8Array;
  /** Why, for people. */
  readonly problem: string;
}

/**
 * A fragment of some octets. Object headers are read as far as they can be; what follows is `rest`.
 * @throws Dnp3Error `malformed-fragment` for fewer octets than its header has
 */
export function decodeFragment(octets: Uint8Array): Fragment {
  const reader = new OctetReader(octets, 'malformed-fragment');
  const control = decodeControl(reader.unsigned(1));
  const functionCode = reader.unsigned(1);
  const indications = isResponse(functionCode) ? reader.unsigned(2) : undefined;
  const objects: ObjectHeader[] = [];
  let rest: FragmentRest | undefined;
  while (reader.remaining > 0 && !rest) {
    const at = reader.offset;
    try {
      objects.push(decodeObjectHeader(reader, functionCode));
    } catch (error) {
      if (!(error instanceof Dnp3Error)) throw error;
      rest = { octets: octets.slice(at), problem: error.message };
    }
  }
  return {
    control,
    function: functionCode,
    ...(indications === undefined ? {} : { indications }),
    objects,
    ...(rest ? { rest } : {}),
  };
}

/** @throws Dnp3Error `limit-exceeded` for what does not fit */
export function encodeFragment({ control, function: code, indications, objects, rest }: Fragment): Uint8Array {
  const writer = new OctetWriter();
  writer.unsigned(1, encodeControl(control), 'an application control');
  writer.unsigned(1, code, 'a function');
  if (isResponse(code)) writer.unsigned(2, indications ?? 0, 'internal indications');
  for (const header of objects) encodeObjectHeader(writer, header, code);
  if (rest) writer.bytes(rest.octets);
  return writer.finish();
}

function encodeControl({ first, final, confirm, unsolicited, sequence }: ApplicationControl): number {
  checkRange(sequence, 0, 15, 'an application sequence number');
  return (first ? 0x80 : 0) | (final ? 0x40 : 0) | (confirm ? 0x20 : 0) | (unsolicited ? 0x10 : 0) | sequence;
}

function decodeControl(octet: number): ApplicationControl {
  return {
    first: (octet & 0x80) !== 0,
    final: (octet & 0x40) !== 0,
    confirm: (octet & 0x20) !== 0,
    unsolicited: (octet & 0x10) !== 0,
    sequence: octet & 0x0f,
  };
}
