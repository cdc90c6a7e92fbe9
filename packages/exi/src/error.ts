/**
 * Why a stream was refused, or could not be made:
 * - `incomplete`: the input ends inside a document
 * - `malformed`: the bits are not what the format allows
 * - `not-exi`: it does not begin like an EXI stream
 * - `unsupported`: correct EXI that asks for something this codec was not given (a schema, DEFLATE, a datatype representation)
 * - `limit`: it would take more than `ExiLimits` allow
 * - `not-encodable`: the options and the schema have no place for this event or value
 * - `options`: options that contradict each other
 * - `grammars`: serialised grammars that are not ours, or of another version
 */
export type ExiErrorCode =
  | 'incomplete'
  | 'malformed'
  | 'not-exi'
  | 'unsupported'
  | 'limit'
  | 'not-encodable'
  | 'options'
  | 'grammars';

/** What could not be decoded or encoded. */
export class ExiError extends Error {
  override readonly name = 'ExiError';
  readonly code: ExiErrorCode;
  /** Position in bits from the start of the input (or of the output, when encoding). */
  readonly bit: number;
  /** The message without the position. */
  readonly detail: string;

  constructor(code: ExiErrorCode, message: string, bit = 0, options?: ErrorOptions) {
    super(`${message} (at bit ${bit})`, options);
    this.code = code;
    this.bit = bit;
    this.detail = message;
  }

  /** The same error, found elsewhere: of what was inflated the position tells nothing. */
  at(bit: number): ExiError {
    return new ExiError(this.code, this.detail, bit, { cause: this });
  }
}
