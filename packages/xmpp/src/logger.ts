type LogMethod = (details: object, message: string) => void;

/** Where a part reports what it does, in the shape of pino's loggers. Secrets and message contents are never given to it. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

/** Says nothing. */
export const SILENT_LOGGER: Logger = { debug() {}, info() {}, warn() {}, error() {} };
