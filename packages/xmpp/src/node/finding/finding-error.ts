/**
 * Why a method of finding can't be used or what was received can't be read: `malformed` bytes from the network, a
 * `not-permitted` or `unavailable` socket, and `no-certificate` where a server shows none.
 */
export type FindingErrorCode = 'malformed' | 'not-permitted' | 'unavailable' | 'no-certificate';

/** Looking for a server went wrong. The message says where and why. */
export class FindingError extends Error {
  override readonly name = 'FindingError';
  readonly code: FindingErrorCode;

  constructor(code: FindingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Has the interface no such address, or does it not use it yet? */
export function isNotAvailable(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRNOTAVAIL';
}

/** What a socket's error means. */
export function socketError(what: string, error: NodeJS.ErrnoException): FindingError {
  const isForbidden = error.code === 'EACCES' || error.code === 'EPERM';
  const why = isForbidden ? 'this user may not open this port' : error.message;
  return new FindingError(isForbidden ? 'not-permitted' : 'unavailable', `${what}: ${why}`, { cause: error });
}
