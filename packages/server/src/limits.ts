/** What a client may use up. Safe defaults; see docs/configuration.md. */
export interface Limits {
  /** Bytes of one stanza of an authenticated client. RFC 6120 §13.12 wants at least 10,000. */
  readonly maxStanzaBytes: number;
  /** Bytes of one element before authentication. */
  readonly maxUnauthenticatedBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** New connections from one address in a second; ten seconds' worth may come at once. */
  readonly maxConnectionsPerSecond: number;
  readonly maxSessionsPerAccount: number;
  /** Time from connecting to being bound. */
  readonly authTimeoutMs: number;
  /** Failed log-ins on one connection; from one address, and with one account, in a minute. */
  readonly maxAuthFailures: number;
  /** Attempts to register that one address may make in an hour. @see XEP-0077 */
  readonly maxRegistrationsPerHour: number;
  readonly maxAuthFailuresPerAddress: number;
  readonly maxAuthFailuresPerAccount: number;
  /** How long one element may take from its first byte to its last, once the client has authenticated. */
  readonly elementTimeoutMs: number;
  /** Bytes that may wait for a client that reads slowly; one that reads slower is disconnected. */
  readonly maxUnsentBytes: number;
  /** Bytes a connection may send in a second; one that sends more is read more slowly. */
  readonly maxBytesPerSecond: number;
  /** Stanzas of one session, and of all sessions of an account, in a second; those who send more are read more slowly. */
  readonly maxStanzasPerSecond: number;
  readonly maxStanzasPerSecondPerAccount: number;
  /** Stanzas of one sender that may wait for one service. */
  readonly maxPendingRequests: number;
  readonly maxRosterEntries: number;
  /** Addresses a session may have sent its presence to without a subscription. */
  readonly maxDirectedPresence: number;
  /** Stanzas that may wait for a client's acknowledgement, also while it is away. @see XEP-0198 */
  readonly maxUnacknowledgedStanzas: number;
  /** How long a session may be resumed after its connection was lost; 0: never. */
  readonly maxResumeSeconds: number;
  /** How long a client may take to answer a request for acknowledgement. */
  readonly ackTimeoutMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxStanzaBytes: 262_144,
  maxUnauthenticatedBytes: 10_000,
  maxConnections: 20_000,
  maxConnectionsPerAddress: 2_000,
  maxConnectionsPerSecond: 200,
  maxSessionsPerAccount: 20,
  authTimeoutMs: 30_000,
  maxAuthFailures: 4,
  maxRegistrationsPerHour: 10,
  maxAuthFailuresPerAddress: 30,
  maxAuthFailuresPerAccount: 20,
  elementTimeoutMs: 60_000,
  maxUnsentBytes: 4 * 1024 * 1024,
  maxBytesPerSecond: 4 * 1024 * 1024,
  maxStanzasPerSecond: 10_000,
  maxStanzasPerSecondPerAccount: 20_000,
  maxPendingRequests: 200,
  maxRosterEntries: 10_000,
  maxDirectedPresence: 1_000,
  maxUnacknowledgedStanzas: 2_000,
  maxResumeSeconds: 300,
  ackTimeoutMs: 60_000,
};
