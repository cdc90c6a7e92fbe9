/** What went wrong. */
export type OpcUaErrorCode =
  /** Octets that are no message chunk, or chunks that do not belong together. */
  | 'malformed-chunk'
  /** Octets that are not what a type or a service consists of, or not in the one form that encoders give them. */
  | 'malformed-value'
  /** XML that is no message. */
  | 'malformed-xml'
  /** More than the limits allow, or a value that its type can't hold. */
  | 'limit-exceeded';

export class OpcUaError extends Error {
  override readonly name = 'OpcUaError';
  readonly code: OpcUaErrorCode;
  /** Position in the octets that were wrong. */
  readonly offset: number | undefined;

  constructor(code: OpcUaErrorCode, message: string, offset?: number) {
    super(offset === undefined ? message : `${message} (at octet ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}
