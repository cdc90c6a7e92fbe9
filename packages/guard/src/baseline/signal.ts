/** What may be unusual about an operation. */
export const SIGNALS = ['firstSeen', 'scan', 'burst', 'replay'] as const;
export type Signal = (typeof SIGNALS)[number];

/** Which of them hold. */
export type SignalState = Readonly<Record<Signal, boolean>>;

export const NOTHING_UNUSUAL: SignalState = { firstSeen: false, scan: false, burst: false, replay: false };

/** Something unusual that was noticed. */
export interface Unusual {
  readonly signal: Signal;
  /** Bare JID. */
  readonly principal: string;
  /** Bare JID. */
  readonly thing: string;
  /** For people: what, and what is usual. */
  readonly text: string;
}
