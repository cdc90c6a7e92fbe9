export type AuditErrorCode =
  /** It is no line of an audit log at all. */
  | 'malformed'
  /** The content of a line is not what its hash was made of. */
  | 'edited'
  /** Records are missing between two lines. */
  | 'gap'
  /** Lines are not in the order they were written in, or one was put between them. */
  | 'order'
  /** A checkpoint that was not signed with the key. */
  | 'signature'
  /** The last line has no end. */
  | 'torn'
  /** Less than there was. */
  | 'truncated'
  /** Other records than those a checkpoint was made of. */
  | 'rewritten'
  /** More records than there may be without a checkpoint. */
  | 'unsigned'
  /** A program that opened the log found it damaged, and wrote so. */
  | 'damaged'
  /** The log, its key or its folder can't be used. */
  | 'unusable';

/** What is wrong with an audit log. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
