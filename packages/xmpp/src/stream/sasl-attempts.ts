import type { Jid } from '../jid.ts';
import { SaslError } from '../sasl/error.ts';
import type { SaslServerMechanism, SaslStep } from '../sasl/mechanism.ts';
import { StreamError } from '../stream-error.ts';
import type { ReceiverPolicy } from './receiver-policy.ts';

/** Attempts to authenticate on one stream, one at a time, whichever profile carries them. */
export class SaslAttempts {
  readonly #policy: Pick<ReceiverPolicy, 'maxAuthFailures' | 'authenticated'>;
  #mechanism: SaslServerMechanism | undefined;
  #failures = 0;

  constructor(policy: Pick<ReceiverPolicy, 'maxAuthFailures' | 'authenticated'>) {
    this.#policy = policy;
  }

  /** Is an exchange going on? */
  get isRunning(): boolean {
    return this.#mechanism !== undefined;
  }

  /** Name of the mechanism in use; '' when there is none. */
  get mechanism(): string {
    return this.#mechanism?.name ?? '';
  }

  begin(mechanism: SaslServerMechanism): void {
    this.#mechanism = mechanism;
  }

  /** @throws SaslError */
  async step(data: Uint8Array): Promise<SaslStep> {
    if (!this.#mechanism) throw new SaslError('malformed-request', 'there is no exchange to respond to');
    return this.#mechanism.step(data);
  }

  succeeded(account: Jid): void {
    this.#policy.authenticated?.({ mechanism: this.mechanism, account });
    this.#mechanism = undefined;
  }

  /** To be called before the client is told. */
  failed(error: SaslError): void {
    this.#policy.authenticated?.({ mechanism: this.mechanism, error });
    this.#mechanism = undefined;
    this.#failures++;
  }

  /** @throws StreamError `policy-violation` after too many failures */
  check(): void {
    if (this.#failures < this.#policy.maxAuthFailures) return;
    throw new StreamError('policy-violation', 'too many failed attempts to authenticate');
  }
}
