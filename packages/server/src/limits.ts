/** What a client may use up. Safe defaults; see docs/configuration.md. */
export interface Limits {
  /** Bytes of one stanza of an authenticated client. RFC 6120 §13.12 wants at least 10,000. */
  readonly maxStanzaBytes: number;
  /** Bytes of one element before authentication. */
  readonly maxUnauthenticatedBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxSessionsPerAccount: number;
  /** Time from connecting to being bound. */
  readonly authTimeoutMs: number;
  readonly maxAuthFailures: number;
  /** Attempts to register that one address may make in an hour. @see XEP-0077 */
  readonly maxRegistrationsPerHour: number;
  /** Bytes that may wait for a client that reads slowly; one that reads slower is disconnected. */
  readonly maxUnsentBytes: number;
  /** Bytes a connection may send in a second; one that sends more is read more slowly. */
  readonly maxBytesPerSecond: number;
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
  maxSessionsPerAccount: 20,
  authTimeoutMs: 30_000,
  maxAuthFailures: 4,
  maxRegistrationsPerHour: 10,
  maxUnsentBytes: 4 * 1024 * 1024,
  maxBytesPerSecond: 4 * 1024 * 1024,
  maxUnacknowledgedStanzas: 2_000,
  maxResumeSeconds: 300,
  ackTimeoutMs: 60_000,
};
