import { type Element, xml } from '@thingward/xml';
import { NS } from '../namespaces.ts';

/** The defined conditions. @see RFC 6120 §6.5 */
export const SASL_ERROR_CONDITIONS = [
  'aborted',
  'account-disabled',
  'credentials-expired',
  'encryption-required',
  'incorrect-encoding',
  'invalid-authzid',
  'invalid-mechanism',
  'malformed-request',
  'mechanism-too-weak',
  'not-authorized',
  'temporary-auth-failure',
] as const;
export type SaslErrorCondition = (typeof SASL_ERROR_CONDITIONS)[number];

/** Authentication failed. */
export class SaslError extends Error {
  override readonly name = 'SaslError';
  readonly condition: SaslErrorCondition;
  readonly text: string | undefined;

  constructor(condition: SaslErrorCondition, text?: string) {
    super(text === undefined ? condition : `${condition}: ${text}`);
    this.condition = condition;
    this.text = text;
  }

  /** Stable code of the error: its condition. */
  get code(): SaslErrorCondition {
    return this.condition;
  }

  /** The `<failure/>` element. @param profile namespace of the SASL profile in use @see RFC 6120 §6.5, XEP-0388 §2.6.2 */
  toElement(profile: string = NS.sasl): Element {
    return xml(
      'failure',
      { xmlns: profile },
      xml(this.condition, { xmlns: NS.sasl }),
      this.text === undefined ? undefined : xml('text', { 'xml:lang': 'en' }, this.text),
    );
  }

  static fromElement(failure: Element): SaslError {
    const known = failure.elements.find((child) => (SASL_ERROR_CONDITIONS as readonly string[]).includes(child.name));
    return new SaslError(
      (known?.name as SaslErrorCondition | undefined) ?? 'not-authorized',
      failure.child('text')?.text,
    );
  }
}
