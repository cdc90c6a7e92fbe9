/** What is behind a TransducerChannel of a TIM of ours. */
export interface TimChannel {
  /** The octets of its TEDS by access code; that of the TransducerChannel is there. */
  readonly teds: ReadonlyMap<number, Uint8Array>;
  readonly kind: 'sensor' | 'actuator' | 'event-sensor';
  /** How many samples a data set has at most, beside the first. */
  readonly maximumRepetitions: number;
  /** Seconds between the samples of a data set. */
  readonly samplingPeriod: number;
  /** Octets of a sample. @param at seconds on the TIM's clock */
  sample(at: number): Uint8Array;
  /** Sets an actuator. @returns whether it can be set so */
  actuate?(octets: Uint8Array): boolean;
  /** Its status-condition register. */
  condition?(): number;
}
