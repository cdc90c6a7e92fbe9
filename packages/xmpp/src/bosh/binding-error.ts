/** @see XEP-0124 §17.2 */
export const BOSH_CONDITIONS = [
  'bad-request',
  'host-gone',
  'host-unknown',
  'improper-addressing',
  'internal-server-error',
  'item-not-found',
  'other-request',
  'policy-violation',
  'remote-connection-failed',
  'remote-stream-error',
  'see-other-uri',
  'system-shutdown',
  'undefined-condition',
] as const;

export type BoshCondition = (typeof BOSH_CONDITIONS)[number];

/** What ends a BOSH session, or keeps one from being made. Its condition goes on the wire as it is. @see XEP-0124 §17.2 */
export class BoshError extends Error {
  override readonly name = 'BoshError';
  readonly code = 'bosh';
  readonly condition: BoshCondition;

  constructor(condition: BoshCondition, message: string = condition) {
    super(message);
    this.condition = condition;
  }
}
