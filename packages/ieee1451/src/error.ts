/** What went wrong. */
export type Ieee1451ErrorCode =
  /** Octets that are no TEDS. */
  | 'malformed-teds'
  /** The TEDS's checksum is not that of its octets. */
  | 'wrong-checksum'
  /** Octets that are no message. */
  | 'malformed-message'
  /** Text that names no unit a TEDS can hold. */
  | 'malformed-units'
  /** JSON that describes no TEDS or message. */
  | 'malformed-json'
  /** XML that is no payload of ours. */
  | 'malformed-xml'
  /** A value that does not fit into its field. */
  | 'limit-exceeded'
  | 'not-connected'
  | 'no-answer'
  /** A command that changes something was sent and its answer lost: it may have happened or not. */
  | 'outcome-unknown'
  /** The TIM answered that the command failed. */
  | 'refused'
  | 'closed';

export interface Ieee1451ErrorDetails {
  /** Position in the octets that were wrong. */
  readonly offset?: number | undefined;
  /** The field, as `sample.dataModel`. */
  readonly path?: string | undefined;
  readonly cause?: unknown;
}

export class Ieee1451Error extends Error {
  override readonly name = 'Ieee1451Error';
  readonly code: Ieee1451ErrorCode;
  /** The message without the place. */
  readonly reason: string;
  readonly offset: number | undefined;
  readonly path: string | undefined;

  constructor(code: Ieee1451ErrorCode, message: string, { offset, path, cause }: Ieee1451ErrorDetails = {}) {
    super(message + placeText(offset, path), cause === undefined ? {} : { cause });
    this.code = code;
    this.reason = message;
    this.offset = offset;
    this.path = path;
  }
}

function placeText(offset: number | undefined, path: string | undefined): string {
  const places = [offset === undefined ? [] : `at octet ${offset}`, path ? `in ${path}` : []].flat();
  return places.length === 0 ? '' : ` (${places.join(', ')})`;
}
