import type { BitReader } from '../bits/bit-reader.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import type { Name } from '../string-table/name.ts';
import type { StringDecoder } from '../string-table/string-decoder.ts';
import type { StringEncoder } from '../string-table/string-encoder.ts';

/** How values of a datatype are represented. @see EXI 1.0 §7.1 */
export abstract class ValueCodec {
  /** Is the text a value of this datatype? What was found is remembered for `write`, which must follow at once. */
  abstract accepts(text: string): boolean;

  /** Writes the value accepted last. @param name of the attribute or element it belongs to */
  abstract write(out: BitWriter, strings: StringEncoder, name: Name): void;

  /** Reads a value, as text. */
  abstract read(input: BitReader, strings: StringDecoder, name: Name): string;

  /** The one way to write equal values; undefined when the text is no value. */
  abstract canonical(text: string): string | undefined;
}
