/** Why bytes were refused. The first four are names of stream errors of RFC 6120 §4.9.3 and go on the wire as they are. */
export type XmlErrorCode =
  | 'not-well-formed'
  | 'restricted-xml'
  | 'bad-namespace-prefix'
  | 'unsupported-encoding'
  | 'too-large'
  | 'too-deep'
  | 'too-many-attributes'
  | 'incomplete';

/** Bytes that are not the XML we accept. `offset` is the position in bytes from the start of the input given. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly code: XmlErrorCode;
  readonly offset: number;

  constructor(code: XmlErrorCode, message: string, offset: number) {
    super(`${message} (at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}
