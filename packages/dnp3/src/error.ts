import { COMMAND_STATUSES } from './command-status.ts';
import { nameOf } from './names.ts';

/** What went wrong. */
export type Dnp3ErrorCode =
  /** Octets that are no frame of the data link layer. */
  | 'malformed-frame'
  /** Octets that are no fragment of the application layer. */
  | 'malformed-fragment'
  /** XML that is no packet. */
  | 'malformed-xml'
  /** What was to be sent breaks a limit of the protocol. Nothing was sent. */
  | 'limit-exceeded'
  | 'not-connected'
  | 'no-answer'
  /** A command was sent and its answer lost: it may have happened or not. */
  | 'outcome-unknown'
  /** The outstation answered that it does not do what was asked for. */
  | 'refused'
  /** The outstation answered with a status of the command other than success. */
  | 'command-refused'
  | 'closed';

export interface Dnp3ErrorDetails {
  /** Position in the octets that were wrong. */
  readonly offset?: number | undefined;
  /** The command status, with `command-refused`. */
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

export class Dnp3Error extends Error {
  override readonly name = 'Dnp3Error';
  readonly code: Dnp3ErrorCode;
  readonly offset: number | undefined;
  readonly status: number | undefined;

  constructor(code: Dnp3ErrorCode, message: string, { offset, status, cause }: Dnp3ErrorDetails = {}) {
    super(offset === undefined ? message : `${message} (at octet ${offset})`, cause === undefined ? {} : { cause });
    this.code = code;
    this.offset = offset;
    this.status = status;
  }
}

/** The refusal of a command. @see IEEE 1815-2012 §11.9.7 */
export function commandRefused(status: number, what: string): Dnp3Error {
  const name = nameOf(COMMAND_STATUSES, status).replaceAll('-', ' ');
  return new Dnp3Error('command-refused', `${what}: ${name}`, { status });
}
