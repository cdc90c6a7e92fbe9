/** What may be done to the process that the server runs in, where whoever has started it can. */
export interface ServiceControl {
  /** @throws Error saying why it can't be done now */
  prepare?(what: 'restart' | 'shutdown'): void;
  /** Ends the server, or ends it and starts it again. */
  perform(what: 'restart' | 'shutdown'): void;
}
