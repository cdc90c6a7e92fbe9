/** A string that a PRECIS profile does not allow. @see RFC 8264 §7 */
export class PrecisError extends Error {
  override readonly name = 'PrecisError';
  readonly code: 'empty' | 'disallowed' | 'context' | 'bidi';

  constructor(code: PrecisError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
