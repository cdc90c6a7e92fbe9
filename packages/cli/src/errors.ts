/** The command line was used wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

/** A command could not do what it was asked: exit code 1. The message says what, where and what would be right. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code = 'failed';
}
