/** What sessions may ask for, in seconds. */
export interface BoshSettings {
  /** How long a request is held at most when there is nothing to answer. */
  readonly maxWaitSeconds: number;
  /** How long a client may have no request waiting here. */
  readonly inactivitySeconds: number;
  /** Shortest time between two requests that bring nothing. */
  readonly pollingSeconds: number;
  /** Longest pause a client may announce. */
  readonly maxPauseSeconds: number;
}

export const DEFAULT_BOSH_SETTINGS: BoshSettings = {
  maxWaitSeconds: 60,
  inactivitySeconds: 30,
  pollingSeconds: 2,
  maxPauseSeconds: 120,
};
