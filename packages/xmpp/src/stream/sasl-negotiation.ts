import { type Element, xml } from '@thingward/xml';
import { Jid } from '../jid.ts';
import { NS } from '../namespaces.ts';
import { decodeBase64, encodeBase64 } from '../sasl/base64.ts';
import { SaslError } from '../sasl/error.ts';
import type { SaslStep } from '../sasl/mechanism.ts';
import { type SaslChannel, serverMechanism } from '../sasl/select.ts';
import { StreamError } from '../stream-error.ts';
import type { ReceiverPolicy } from './receiver-policy.ts';
import type { SaslAttempts } from './sasl-attempts.ts';

/** Where an authentication takes place. */
export interface SaslSetting {
  /** Of the stream. */
  readonly domain: string;
  /** Who the client says it is, in its stream header. Nobody believes it. */
  readonly claimed: Jid | undefined;
  readonly channel: SaslChannel;
}

/** What an element led to: nothing yet, an account, or the end of the stream. */
export type SaslOutcome = { readonly account: Jid } | 'failed-for-good' | undefined;

/** The receiving side of SASL as RFC 6120 carries it. @see RFC 6120 §6.4 */
export class SaslNegotiation {
  readonly #policy: ReceiverPolicy;
  readonly #attempts: SaslAttempts;
  readonly #send: (element: Element) => void;

  constructor(policy: ReceiverPolicy, attempts: SaslAttempts, send: (element: Element) => void) {
    this.#policy = policy;
    this.#attempts = attempts;
    this.#send = send;
  }

  /** @throws StreamError */
  async handle(element: Element, setting: SaslSetting): Promise<SaslOutcome> {
    try {
      const step = await this.#step(element, setting.channel);
      const data = step.data === undefined ? undefined : encodeBase64(step.data) || '=';
      if (step.kind === 'challenge') {
        this.#send(xml('challenge', { xmlns: NS.sasl }, data));
        return undefined;
      }
      const account = Jid.of(step.username, setting.domain);
      await this.#policy.admit?.(account, this.#attempts.mechanism);
      this.#attempts.succeeded(account);
      this.#send(xml('success', { xmlns: NS.sasl }, data));
      return { account };
    } catch (error) {
      if (!(error instanceof SaslError)) throw error;
      const { mechanism } = this.#attempts;
      this.#attempts.failed(error);
      this.#send(error.toElement());
      // A certificate will not become another on this stream (XEP-0178 §2).
      if (mechanism === 'EXTERNAL') return 'failed-for-good';
      this.#attempts.check();
      return undefined;
    }
  }

  async #step(element: Element, channel: SaslChannel): Promise<SaslStep> {
    if (this.#policy.requireTls && !channel.isEncrypted) {
      throw new SaslError('encryption-required', 'use STARTTLS first');
    }
    if (element.name === 'abort') throw new SaslError('aborted');
    const text = element.text.trim();
    const data = decodeBase64(text === '=' ? '' : text);
    if (data === undefined) throw new SaslError('incorrect-encoding', 'this is no Base64');
    if (element.name === 'auth') {
      this.#attempts.begin(serverMechanism(element.attribute('mechanism') ?? '', channel, this.#policy));
      // No initial response: ask for it with an empty challenge (RFC 6120 §6.4.2), but where there is none to be had.
      if (text === '' && this.#attempts.mechanism !== 'ANONYMOUS')
        return { kind: 'challenge', data: new Uint8Array(0) };
    } else if (element.name !== 'response')
      throw new StreamError('unsupported-stanza-type', `<${element.name}/> in SASL`);
    return this.#attempts.step(data);
  }
}
