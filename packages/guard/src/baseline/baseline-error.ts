/** A file that holds no baseline. */
export class BaselineError extends Error {
  override readonly name = 'BaselineError';
  readonly code = 'unreadable';
}
